-- A client without a process, which stays attached to the buffers while fimble's server is not running.
--
-- When a buffer changes and no client is attached, Neovim 0.12 stops following the buffer's edits. It does not start again
-- for the next client, so a restarted server would never see what the user types.

local M = {}

local NAME = "fimble (not running)"
local id ---@type integer?

---@param dispatchers vim.lsp.rpc.Dispatchers
---@return vim.lsp.rpc.PublicClient
local function connect(dispatchers)
  local is_closing = false
  return {
    -- There is never an answer, so Neovim never sends the client any text.
    request = function()
      return true, 1
    end,
    notify = function()
      return true
    end,
    is_closing = function()
      return is_closing
    end,
    terminate = function()
      is_closing = true
      dispatchers.on_exit(0, 0)
    end,
  }
end

---@param buffers integer[]
function M.attach(buffers)
  for _, bufnr in ipairs(buffers) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      id = vim.lsp.start({ name = NAME, cmd = connect }, {
        bufnr = bufnr,
        reuse_client = function(client)
          return client.name == NAME and not client:is_stopped()
        end,
      })
    end
  end
end

--- Call this when fimble's server has attached.
function M.stop()
  local client = id and vim.lsp.get_client_by_id(id)
  if client then
    client:stop()
  end
  id = nil
end

return M
