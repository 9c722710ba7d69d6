---@type vim.lsp.Config
return {
  cmd = { "fimble", "lsp" },
  root_markers = { ".git" },
  -- No `filetypes`: the server completes text of any kind, and its setting `languages` says where it should not.

  -- One server for all projects, since each holds a model in memory.
  reuse_client = function(client, config)
    return client.name == config.name and not client:is_stopped()
  end,
}
