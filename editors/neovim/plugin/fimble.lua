-- Runs at startup: defines the command and the <Plug> mappings, and reacts when the server attaches to a buffer.

if vim.g.loaded_fimble then
  return
end
vim.g.loaded_fimble = true

vim.api.nvim_create_user_command("Fimble", function(call)
  require("fimble.command").run(call.fargs)
end, {
  nargs = "*",
  desc = "Control fimble",
  complete = function(_, line)
    return require("fimble.command").complete(line)
  end,
})

for action, description in pairs({
  accept = "Accept the suggestion",
  accept_word = "Accept the next word of the suggestion",
  accept_line = "Accept the next line of the suggestion",
  next = "Show the next suggestion",
  previous = "Show the previous suggestion",
  dismiss = "Hide the suggestion",
  suggest = "Ask for a suggestion",
}) do
  local name = ("<Plug>(fimble-%s)"):format(action:gsub("_", "-"))
  vim.keymap.set("i", name, function()
    require("fimble.keys").act(action, name)
  end, { desc = description })
end

local group = vim.api.nvim_create_augroup("fimble", {})
vim.api.nvim_create_autocmd("LspAttach", {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == "fimble" then
      require("fimble.stand_in").stop()
      require("fimble.suggestion").attach(client, event.buf)
      require("fimble.keys").attach(event.buf)
    end
  end,
})
vim.api.nvim_create_autocmd("LspDetach", {
  group = group,
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == "fimble" then
      require("fimble.suggestion").detach(event.buf)
    end
  end,
})
