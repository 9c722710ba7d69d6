-- Ghost text from the fimble language server. The server decides what is suggested and when; this module turns on what
-- Neovim has for showing it and gives it a key.

local M = {}

---@class fimble.Options
---@field accept? string|false Key that accepts the suggestion in insert mode; `false` maps none. `<Tab>` by default.

--- Starts fimble in every file that is opened from now on, and in those that are open.
---@param options? fimble.Options
function M.setup(options)
  if not vim.lsp.inline_completion then
    vim.notify("fimble needs Neovim 0.12 or newer", vim.log.levels.ERROR)
    return
  end
  local accept = vim.F.if_nil((options or {}).accept, "<Tab>")
  vim.api.nvim_create_autocmd("LspAttach", {
    group = vim.api.nvim_create_augroup("fimble", {}),
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if not client or client.name ~= "fimble" then
        return
      end
      vim.lsp.inline_completion.enable(true, { bufnr = event.buf })
      if accept then
        vim.keymap.set("i", accept, function()
          M.accept(accept)
        end, { buffer = event.buf, desc = "Accept the suggestion" })
      end
    end,
  })
  vim.lsp.enable("fimble")
end

--- Accepts the suggestion that is shown. If there is none, or a completion menu is open, it acts as if fimble had not
--- mapped `key`.
---@param key string
function M.accept(key)
  local accepts = vim.fn.pumvisible() == 0
    and vim.lsp.inline_completion.get({
      on_accept = function(item)
        local rest = M.rest(item)
        if not rest then
          M.press(key)
          return nil
        end
        -- Without a range it is inserted at the cursor.
        item.insert_text, item.range = rest, nil
        return item
      end,
    })
  if not accepts then
    M.press(key)
  end
end

--- What of a suggestion is not typed yet; nil if something else was typed. Until the server has answered to the latest
--- key, Neovim shows the suggestion made before it, and would insert it whole and where it was made for.
---@param item vim.lsp.inline_completion.Item
---@return string?
function M.rest(item)
  local start_row, start_column = item.range:to_extmark()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  row = row - 1
  if row < start_row or (row == start_row and column < start_column) then
    return nil
  end
  local typed = table.concat(vim.api.nvim_buf_get_text(0, start_row, start_column, row, column, {}), "\n")
  local text = item.insert_text --[[@as string]]
  return vim.startswith(text, typed) and text:sub(#typed + 1) or nil
end

--- Does what `key` does in buffers without fimble: what it is mapped to there, or its own meaning.
---@param key string
function M.press(key)
  local code = vim.keycode(key)
  local mapping = vim.iter(vim.api.nvim_get_keymap("i")):find(function(mapping)
    return mapping.lhsraw == code
  end)
  if not mapping then
    vim.api.nvim_feedkeys(code, "in", false)
    return
  end
  -- Under a name of its own, since the key itself would lead back here.
  local name = "<Plug>(fimble-otherwise)"
  mapping.lhs, mapping.lhsraw, mapping.lhsrawalt = name, vim.keycode(name), nil
  vim.fn.mapset(mapping)
  vim.api.nvim_feedkeys(mapping.lhsraw, "im", false)
end

return M
