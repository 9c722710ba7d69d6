---@type vim.lsp.Config
return {
  cmd = function(...)
    return require("fimble.server").spawn(...)
  end,
  root_dir = function(bufnr, on_dir)
    if require("fimble.server").is_there() then
      on_dir(vim.fs.root(bufnr, ".git"))
    end
  end,
  -- There are no `filetypes`: the server completes any kind of text, and its setting `languages` names exceptions.

  init_options = { reports_accepts = true },
  capabilities = {
    -- Neovim 0.11 does not announce this, because there only the plug-in shows inline completions.
    textDocument = { inlineCompletion = { dynamicRegistration = false } },
    experimental = { serverStatusNotification = true },
  },
  -- The server needs the settings here. When it asks for them later, it has already begun to load a model and announced
  -- whether it offers menu items.
  before_init = function(params, config)
    local settings = vim.tbl_get(config, "settings", "fimble") or {}
    params.initializationOptions = vim.tbl_deep_extend("force", params.initializationOptions or {}, settings)
  end,
  handlers = {
    ["experimental/serverStatus"] = function(...)
      require("fimble.server").on_status(...)
    end,
    ["window/showMessage"] = function(...)
      require("fimble.server").on_message(...)
    end,
  },
  on_exit = function(...)
    require("fimble.server").on_exit(...)
  end,

  -- One server serves all projects, because each server holds a model in memory.
  reuse_client = function(client, config)
    return client.name == config.name and not client:is_stopped()
  end,
}
