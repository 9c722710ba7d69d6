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
  -- No `filetypes`: the server completes text of any kind, and its setting `languages` says where it should not.

  init_options = { reports_accepts = true },
  capabilities = {
    -- Neovim 0.11 does not say so itself, since only the plug-in shows them there.
    textDocument = { inlineCompletion = { dynamicRegistration = false } },
    experimental = { serverStatusNotification = true },
  },
  -- The server reads them later, too, but by then it has begun to load a model and has said whether it offers items.
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

  -- One server for all projects, since each holds a model in memory.
  reuse_client = function(client, config)
    return client.name == config.name and not client:is_stopped()
  end,
}
