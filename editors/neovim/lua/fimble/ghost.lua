-- Ghost text: text at the cursor that is not in the buffer.

local M = {}

local namespace = vim.api.nvim_create_namespace("fimble")
local HIGHLIGHT = "FimbleSuggestion"
local drawn_in ---@type integer?

vim.api.nvim_set_hl(0, HIGHLIGHT, {
  default = true,
  -- Neovim 0.11 has no group for suggestions.
  link = vim.fn.hlexists("ComplHint") == 1 and "ComplHint" or "NonText",
})

--- Draws `text` at the cursor and removes the text drawn before.
---@param text string
function M.show(text)
  M.hide()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(text, "\n", { plain = true })
  local first = M.spaces_for_tabs(table.remove(lines, 1), vim.fn.virtcol(".") - 1)
  vim.api.nvim_buf_set_extmark(0, namespace, row - 1, column, {
    virt_text = { { first, HIGHLIGHT } },
    virt_text_pos = "inline",
    virt_lines = vim.tbl_map(function(line)
      return { { M.spaces_for_tabs(line, 0), HIGHLIGHT } }
    end, lines),
    hl_mode = "combine",
  })
  drawn_in = vim.api.nvim_get_current_buf()
end

function M.hide()
  if drawn_in and vim.api.nvim_buf_is_valid(drawn_in) then
    vim.api.nvim_buf_clear_namespace(drawn_in, namespace, 0, -1)
  end
  drawn_in = nil
end

--- Replaces tabs with spaces, because Neovim draws the text after the cursor over a tab.
---@param line string
---@param column integer Screen cells before `line`.
---@return string
function M.spaces_for_tabs(line, column)
  local width = vim.bo.tabstop
  local pieces = vim.split(line, "\t", { plain = true })
  for index = 1, #pieces - 1 do
    column = column + vim.fn.strdisplaywidth(pieces[index], column)
    local spaces = width - column % width
    pieces[index] = pieces[index] .. (" "):rep(spaces)
    column = column + spaces
  end
  return table.concat(pieces)
end

return M
