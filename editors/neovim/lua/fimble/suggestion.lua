-- The suggestion at the cursor: asks for it, shows it, follows the typing, and accepts it.
--
-- This module does not use Neovim 0.12's `vim.lsp.inline_completion`, which asks 200 ms after the last key. With a key
-- every 120 ms it never asks. In a pause, its text appeared 214 to 222 ms after the key (median); here it took 9 to
-- 12 ms. The server expects a request at each key and delays expensive ones by itself. Neovim's function also cannot
-- accept a part, keeps showing text that no longer fits, and is missing in 0.11.

local ghost = require("fimble.ghost")
local server = require("fimble.server")
local switches = require("fimble.switches")

local M = {
  --- Whether each key asks for a suggestion.
  automatic = true,
}

---@class fimble.Item
---@field text string
---@field command? lsp.Command Tells the server that the item was accepted.

---@class fimble.Suggestion
---@field bufnr integer
---@field row integer Row of the place to insert it, from 0.
---@field column integer In bytes.
---@field items fimble.Item[]
---@field index integer The item that is shown.

---@class fimble.Question
---@field client vim.lsp.Client
---@field id? integer

-- One of each is enough, because there is one cursor.
local shown ---@type fimble.Suggestion?
local waiting ---@type fimble.Question?
local asked_at ---@type string?

local Trigger = { invoked = 1, automatic = 2 }

--- Follows the cursor in a buffer that `client` serves.
---@param client vim.lsp.Client
---@param bufnr integer
function M.attach(client, bufnr)
  if vim.lsp.inline_completion then
    -- Users who enable it for other servers would see this server's suggestions twice.
    vim.lsp.inline_completion.enable(false, { client_id = client.id })
  end
  local group = vim.api.nvim_create_augroup(("fimble.suggestion.%d"):format(bufnr), {})
  vim.api.nvim_create_autocmd({ "InsertEnter", "CursorMovedI", "TextChangedI", "TextChangedP" }, {
    group = group,
    buffer = bufnr,
    callback = M.follow,
  })
  vim.api.nvim_create_autocmd({ "InsertLeave", "BufLeave" }, {
    group = group,
    buffer = bufnr,
    callback = M.dismiss,
  })
  if bufnr == vim.api.nvim_get_current_buf() and vim.startswith(vim.api.nvim_get_mode().mode, "i") then
    M.follow({ event = "InsertEnter" })
  end
end

---@param bufnr integer
function M.detach(bufnr)
  vim.api.nvim_create_augroup(("fimble.suggestion.%d"):format(bufnr), {})
  if bufnr == vim.api.nvim_get_current_buf() then
    M.dismiss()
  end
end

--- Runs after each key, before Neovim draws the screen, so that a suggestion does not flicker while it is typed.
---@param event { event: string }
function M.follow(event)
  M.draw()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local place = table.concat({ vim.api.nvim_get_current_buf(), vim.b.changedtick, row, column }, " ")
  -- One key triggers several of these events.
  if event.event ~= "InsertEnter" and place == asked_at then
    return
  end
  asked_at = place
  if M.automatic and switches.buffer_is_on() then
    M.ask(Trigger.automatic)
  end
end

--- Shows the rest of the suggestion.
function M.draw()
  local rest = M.rest()
  if rest then
    ghost.show(rest)
  else
    shown = nil
    ghost.hide()
  end
end

--- Returns the part of the suggestion that is not typed yet; nil if none is shown or the user typed something else.
---@return string?
function M.rest()
  if not shown or shown.bufnr ~= vim.api.nvim_get_current_buf() then
    return nil
  end
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  row = row - 1
  if row < shown.row or (row == shown.row and column < shown.column) then
    return nil
  end
  local text = shown.items[shown.index].text
  local is_text, lines = pcall(vim.api.nvim_buf_get_text, 0, shown.row, shown.column, row, column, {})
  local typed = is_text and table.concat(lines, "\n")
  return typed and #typed < #text and vim.startswith(text, typed) and text:sub(#typed + 1) or nil
end

---@param trigger integer
function M.ask(trigger)
  M.cancel()
  local bufnr = vim.api.nvim_get_current_buf()
  local client = server.client(bufnr)
  if not client then
    return
  end
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local params = vim.lsp.util.make_position_params(0, client.offset_encoding) --[[@as table]]
  params.context = { triggerKind = trigger }
  ---@type fimble.Question
  local question = { client = client }
  waiting = question
  -- A request first sends the edits of the buffer, which Neovim otherwise delays by up to 150 ms.
  _, question.id = client:request("textDocument/inlineCompletion", params, function(_, answer)
    if waiting ~= question then
      return
    end
    waiting = nil
    local items = vim.tbl_map(function(item)
      return { text = item.insertText, command = item.command }
    end, answer and (answer.items or answer) or {})
    -- The server's items are for exactly the place of the request.
    shown = items[1] and { bufnr = bufnr, row = row - 1, column = column, items = items, index = 1 }
    M.draw()
  end, bufnr)
end

function M.cancel()
  if waiting and waiting.id and not waiting.client:is_stopped() then
    waiting.client:cancel_request(waiting.id)
  end
  waiting = nil
end

--- Inserts the part of the suggestion that `take` returns. Returns `false` if none is shown, or if Neovim's menu is
--- open, because the menu would remove the text again.
---@param take fun(rest: string): string
---@return boolean
function M.accept(take)
  local rest = M.rest()
  if not rest or vim.fn.pumvisible() == 1 then
    return false
  end
  local suggestion = shown --[[@as fimble.Suggestion]]
  local piece = take(rest)
  local function accept()
    M.insert(piece)
    M.report(suggestion, #piece < #rest)
    M.draw()
  end
  local inserted, problem = pcall(accept)
  if not inserted and tostring(problem):find("E565", 1, true) then
    -- An expression mapping must not change text until it has returned.
    vim.schedule(accept)
  elseif not inserted then
    error(problem, 0)
  end
  return true
end

---@param text string
function M.insert(text)
  -- This starts a new undo block: undo then removes the accepted text and keeps the typed text.
  vim.cmd("let &g:undolevels = &g:undolevels")
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local lines = vim.split(text, "\n", { plain = true })
  vim.api.nvim_buf_set_text(0, row - 1, column, row - 1, column, lines)
  vim.api.nvim_win_set_cursor(0, { row + #lines - 1, #lines[#lines] + (#lines == 1 and column or 0) })
end

--- Tells the server that a suggestion or a part of it was accepted, for its statistics.
---@param suggestion fimble.Suggestion
---@param part boolean
function M.report(suggestion, part)
  local client = server.client(suggestion.bufnr)
  local command = suggestion.items[suggestion.index].command
  if not client or not command then
    return
  end
  local arguments = command.arguments
  if part and arguments then
    arguments = { vim.tbl_extend("force", arguments[1], { part = true }) }
  end
  local params = { command = command.command, arguments = arguments }
  client:request("workspace/executeCommand", params, function() end, suggestion.bufnr)
end

--- Hides the suggestion and cancels the pending request. Returns `false` if none was shown.
---@return boolean
function M.dismiss()
  M.cancel()
  local was_shown = M.rest() ~= nil
  shown = nil
  ghost.hide()
  return was_shown
end

--- Asks for a suggestion by hand.
function M.suggest()
  if not server.client(0) then
    vim.notify("fimble is not running in this buffer; :checkhealth fimble may say why.", vim.log.levels.WARN)
    return
  end
  M.ask(Trigger.invoked)
end

--- Shows another item of the answer, if there are several. Asks by hand if nothing is shown.
---@param step integer
function M.cycle(step)
  if not M.rest() then
    M.suggest()
    return
  end
  shown.index = (shown.index - 1 + step) % #shown.items + 1
  M.draw()
end

return M
