-- The report of `:checkhealth fimble`.

local server = require("fimble.server")

local M = {}

local health = vim.health

-- Other plug-ins that show suggestions at the cursor. A variable or a loaded module reveals each of them.
---@type { name: string, variable?: string, module?: string }[]
local OTHERS = {
  { name = "copilot.vim", variable = "loaded_copilot" },
  { name = "copilot.lua", module = "copilot.suggestion" },
  { name = "supermaven-nvim", module = "supermaven-nvim" },
  { name = "windsurf.vim", variable = "loaded_codeium" },
  { name = "windsurf.nvim", module = "codeium" },
  { name = "minuet-ai.nvim", module = "minuet" },
  { name = "llama.vim", variable = "llama_config" },
}

local function check_neovim()
  local version = "Neovim " .. tostring(vim.version())
  if vim.fn.has("nvim-0.11") == 1 then
    health.ok(version)
  else
    health.error(version .. " is too old", "Install Neovim 0.11 or newer.")
  end
end

local function check_program()
  local path = vim.fn.exepath(server.executable())
  if path == "" then
    health.error(("There is no program `%s`"):format(server.executable()), {
      "Put it on the PATH of the shell that starts Neovim, or",
      'name its path: require("fimble").setup({ program = "/path/to/fimble" })',
    })
    return
  end
  local result = vim.system({ path, "--version" }, { text = true }):wait(10000)
  if result.code == 0 then
    health.ok(("%s (%s)"):format(vim.trim(result.stdout), path))
  else
    health.error(("%s does not run: %s"):format(path, vim.trim(result.stderr)), "Install fimble again.")
  end
end

local function check_server()
  if not server.client() then
    health.warn("The server is not running", {
      'Call require("fimble").setup({}) in your configuration, and open a file.',
      "After crashes, run :Fimble restart; :Fimble log may say why the server crashed.",
    })
    return
  end
  local now = server.status()
  local message = now and now.message or "The server is running"
  if now and now.health == "error" then
    health.error(message, "See :Fimble log.")
  elseif now and now.health == "warning" then
    health.warn(message, "See :Fimble log.")
  else
    health.ok(message)
  end
  local complaints = vim.tbl_filter(function(problem)
    return problem ~= message
  end, server.problems())
  for _, complaint in ipairs(complaints) do
    health.warn(complaint, "Correct it in your configuration; :help fimble-settings lists the settings.")
  end
  if #complaints == 0 then
    health.ok("The server reports no other problem")
  end
end

---@param client vim.lsp.Client
---@return boolean
local function neovim_shows(client)
  local inline = vim.lsp.inline_completion
  return inline ~= nil
    and vim.iter(pairs(client.attached_buffers)):any(function(bufnr)
      return inline.is_enabled({ bufnr = bufnr, client_id = client.id })
    end)
end

local function check_others()
  local found = false
  for _, other in ipairs(OTHERS) do
    if (other.variable and vim.g[other.variable] ~= nil) or (other.module and package.loaded[other.module]) then
      found = true
      health.warn(("%s also shows suggestions at the cursor"):format(other.name), "Turn off one of the two.")
    end
  end
  for _, client in ipairs(vim.lsp.get_clients({ method = "textDocument/inlineCompletion" })) do
    if client.name ~= "fimble" and neovim_shows(client) then
      found = true
      local advice = "Turn off one of the two; vim.lsp.inline_completion.enable(false) turns off that server's."
      health.warn(("The server %s also shows suggestions at the cursor"):format(client.name), advice)
    end
  end
  if not found then
    health.ok("No other known plug-in shows suggestions at the cursor")
  end
end

function M.check()
  health.start("fimble: Neovim and the program")
  check_neovim()
  check_program()
  health.start("fimble: the server")
  check_server()
  health.start("fimble: other plug-ins")
  check_others()
end

return M
