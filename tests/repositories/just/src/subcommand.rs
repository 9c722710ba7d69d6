use {super::*, clap_mangen::Man};

pub const INIT_JUSTFILE: &str = "\
# https://just.systems

default:
    echo 'Hello, world!'
";

static BACKTICK_RE: LazyLock<Regex> = LazyLock::new(|| Regex::new("(`.*?`)|(`[^`]*$)").unwrap());

const CHOOSER_CANCELLED_EXIT_STATUS: i32 = 130;

#[derive(PartialEq, Clone, Debug, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Subcommand {
  Changelog,
  Choose {
    chooser: Option<Utf8PathBuf>,
  },
  Clean {
    path: Option<Modulepath>,
  },
  Command {
    arguments: Vec<String>,
    binary: String,
  },
  Completions {
    shell: Shell,
  },
  Dump {
    format: DumpFormat,
  },
  Edit,
  Evaluate {
    format: EvaluateFormat,
    path: Modulepath,
  },
  Format,
  Groups,
  Init,
  List {
    path: Modulepath,
  },
  Man,
  Request {
    request: Request,
  },
  Run {
    arguments: Vec<String>,
  },
  Show {
    path: Modulepath,
  },
  Summary,
  Usage {
    path: Modulepath,
  },
  Variables,
}

impl Default for Subcommand {
  fn default() -> Self {
    Self::Run {
      arguments: Vec::new(),
    }
  }
}

impl Subcommand {
  pub(crate) fn execute<'src>(&self, config: &Config, loader: &'src Loader) -> RunResult<'src> {
    use Subcommand::*;

    match self {
      Changelog => return Self::changelog(),
      Completions { shell } => return Self::completions(*shell),
      Init => return Self::init(config),
      Man => return Self::man(),
      Request { request } => return Self::request(request),
      _ => {}
    }

    let search = Search::search(config)?;

    if matches!(self, Edit) {
      return Self::edit(&search);
    }

    if matches!(self, Format) {
      return Self::format(config, loader, &search);
    }

    let compilation = Self::compile(config, loader, &search)?;
    let justfile = &compilation.justfile;

    match self {
      Choose { chooser } => Self::choose(
        chooser.as_deref(),
        config,
        justfile,
        &compilation.overrides,
        &search,
      ),
      Command { .. } | Evaluate { .. } => {
        justfile.run(config, &search, &[], &compilation.overrides)
      }
      Clean { path } => Self::clean(config, &search, path.as_ref()),
      Dump { format } => Self::dump(config, compilation, *format),
      Groups => Self::groups(config, justfile),
      List { path } => Self::list(config, justfile, path),
      Run { arguments } => Self::run(config, loader, search, compilation, arguments),
      Show { path } => Self::show(config, justfile, path),
      Summary => Self::summary(config, justfile),
      Usage { path } => Self::usage(config, justfile, path),
      Variables => Self::variables(justfile),
      Changelog | Completions { .. } | Edit | Format | Init | Man | Request { .. } => {
        unreachable!()
      }
    }
  }

  fn groups(config: &Config, justfile: &Justfile) -> RunResult<'static> {
    println!("Recipe groups:");
    for group in justfile.public_groups(config) {
      println!("{}{group}", config.list_prefix);
    }
    Ok(())
  }

  pub(crate) fn name(&self) -> &'static str {
    self.into()
  }

  fn default_list_module(
    config: &Config,
    justfile: &Justfile,
    arguments: &[String],
  ) -> Option<Modulepath> {
    let path = if arguments.is_empty() {
      Modulepath::default()
    } else if arguments[0].contains(':') {
      if arguments.len() != 1 {
        return None;
      }

      Modulepath::from_argument(&arguments[0]).ok()?
    } else {
      Modulepath::try_from(
        arguments
          .iter()
          .map(String::as_str)
          .collect::<Vec<&str>>()
          .as_slice(),
      )
      .ok()?
    };

    let submodule = justfile.submodule(&path)?;

    (config.default_list || submodule.settings.default_list).then_some(path)
  }

  fn run<'src>(
    config: &Config,
    loader: &'src Loader,
    mut search: Search,
    mut compilation: Compilation<'src>,
    arguments: &[String],
  ) -> RunResult<'src> {
    let starting_parent = search.justfile.parent().as_ref().unwrap().clean();

    loop {
      let justfile = &compilation.justfile;
      let fallback = justfile.settings.fallback
        && matches!(
          config.search_config,
          SearchConfig::FromInvocationDirectory | SearchConfig::FromSearchDirectory { .. }
        );

      if let Some(path) = Self::default_list_module(config, justfile, arguments) {
        return Self::list(config, justfile, &path);
      }

      let result = justfile.run(config, &search, arguments, &compilation.overrides);

      if fallback
        && let Err(err @ (Error::UnknownRecipe { .. } | Error::UnknownSubmodule { .. })) = result
      {
        search = match search.search_parent_directory(config) {
          Ok(search) => search,
          Err(SearchError::NotFound) => return Err(err),
          Err(search_error) => return Err(search_error.into()),
        };

        if config.verbosity.loquacious() {
          eprintln!(
            "Trying {}",
            starting_parent
              .strip_prefix(search.justfile_parent())
              .unwrap()
              .components()
              .map(|_| Utf8Component::ParentDir)
              .collect::<Utf8PathBuf>()
              .join(search.justfile.file_name().unwrap())
          );
        }

        compilation = Self::compile(config, loader, &search)?;

        continue;
      }

      if config.allow_missing
        && matches!(
          result,
          Err(
            Error::ModuleAbsent { .. }
              | Error::UnknownRecipe { .. }
              | Error::UnknownSubmodule { .. }
          )
        )
      {
        return Ok(());
      }

      return result;
    }
  }

  fn compile<'src>(
    config: &Config,
    loader: &'src Loader,
    search: &Search,
  ) -> RunResult<'src, Compilation<'src>> {
    let compilation = Compiler::compile(config, loader, &search.justfile)?;

    compilation.justfile.check_unstable(config)?;

    if config.verbosity.loud() {
      for warning in &compilation.justfile.warnings {
        eprintln!("{}", warning.color_display(config.color.stderr()));
      }
    }

    Ok(compilation)
  }

  fn changelog() -> RunResult<'static> {
    print!("{}", include_str!("../CHANGELOG.md"));
    Ok(())
  }

  fn choose<'src>(
    chooser: Option<&Utf8Path>,
    config: &Config,
    justfile: &Justfile<'src>,
    overrides: &HashMap<Number, String>,
    search: &Search,
  ) -> RunResult<'src> {
    let groups = config.groups.iter().cloned().collect::<BTreeSet<String>>();
    let mut recipes = Vec::<&Recipe>::new();
    let mut stack = vec![justfile];
    while let Some(module) = stack.pop() {
      recipes.extend(module.public_recipes(config).iter().filter(|recipe| {
        recipe.min_arguments() == 0
          && (groups.is_empty() || groups.intersection(&recipe.groups()).next().is_some())
      }));
      stack.extend(module.public_modules(config).into_iter().rev());
    }

    if recipes.is_empty() {
      return Err(Error::NoChoosableRecipes);
    }

    let mut command = justfile.settings.shell_command(config);

    let chooser = if let Some(chooser) = chooser {
      chooser.as_str().into()
    } else {
      command.env("JUST_JUSTFILE", &search.justfile);
      "fzf --multi --preview 'just --unstable --color always --show {}'".into()
    };

    let result = command
      .shell_arg(&chooser)
      .current_dir(&search.working_directory)
      .stdin(Stdio::piped())
      .stdout(Stdio::piped())
      .spawn();

    let mut child = match result {
      Ok(child) => child,
      Err(io_error) => {
        let (shell_binary, shell_arguments) = justfile.settings.shell(config);
        return Err(Error::ChooserInvoke {
          shell_binary: shell_binary.to_owned(),
          shell_arguments: shell_arguments.join(" "),
          chooser,
          io_error,
        });
      }
    };

    let stdin = child.stdin.as_mut().unwrap();
    for recipe in recipes {
      if let Err(io_error) = writeln!(stdin, "{}", recipe.spaced_recipe_path())
        && io_error.kind() != std::io::ErrorKind::BrokenPipe
      {
        return Err(Error::ChooserWrite { io_error, chooser });
      }
    }

    let output = match child.wait_with_output() {
      Ok(output) => output,
      Err(io_error) => {
        return Err(Error::ChooserRead { io_error, chooser });
      }
    };

    if output.status.code() == Some(CHOOSER_CANCELLED_EXIT_STATUS) {
      return Ok(());
    }

    if !output.status.success() {
      return Err(Error::ChooserStatus {
        status: output.status,
        chooser,
      });
    }

    let stdout = String::from_utf8_lossy(&output.stdout);

    for line in stdout.lines() {
      let arguments = line
        .split_whitespace()
        .map(str::to_owned)
        .collect::<Vec<String>>();

      justfile.run(config, search, &arguments, overrides)?;
    }

    Ok(())
  }

  fn clean(config: &Config, search: &Search, prefix: Option<&Modulepath>) -> RunResult<'static> {
    let entry_re = Regex::new(r"^[0-9a-f]{64}\.json$").unwrap();

    let path = Cache::dir(search);

    let context = |source| Error::FilesystemIo {
      source,
      path: path.clone(),
    };

    let dir = match fs::read_dir(&path) {
      Err(err) if err.kind() == io::ErrorKind::NotFound => {
        if config.verbosity.loud() {
          eprintln!("recipe cache not found");
        }
        return Ok(());
      }
      result => result.map_err(context)?,
    };

    let mut removed = 0;

    for entry in dir {
      let entry = entry.map_err(context)?;

      let Ok(path) = entry.path().into_utf8() else {
        continue;
      };

      if !entry_re.is_match(path.file_name().unwrap()) {
        continue;
      }

      if let Some(prefix) = prefix {
        let json = fs::read_to_string(&path).map_err(|source| Error::FilesystemIo {
          source,
          path: path.clone(),
        })?;

        if !json.is_empty() {
          let entry =
            serde_json::from_str::<CacheEntry>(&json).map_err(|source| Error::CacheEntryRead {
              source,
              path: path.clone(),
            })?;

          if !entry.recipe.starts_with(prefix) {
            continue;
          }
        }
      }

      fs::remove_file(&path).map_err(|source| Error::FilesystemIo {
        source,
        path: path.clone(),
      })?;

      removed += 1;
    }

    if let Err(err) = fs::remove_dir(&path)
      && err.kind() != io::ErrorKind::DirectoryNotEmpty
    {
      return Err(context(err));
    }

    if config.verbosity.loud() {
      eprintln!(
        "removed {}",
        Count::numbered_irregular("cache entry", "cache entries", removed)
      );
    }

    Ok(())
  }

  fn completions(shell: Shell) -> RunResult<'static> {
    print!("{}", shell.completion_script());
    Ok(())
  }

  fn dump(config: &Config, compilation: Compilation, format: DumpFormat) -> RunResult<'static> {
    match format {
      DumpFormat::Json => {
        let json = serde_json::to_string(&compilation.justfile)
          .map_err(|source| Error::DumpJson { source })?;
        println!("{json}");
      }
      DumpFormat::Just => {
        print!(
          "{}",
          compilation.root_ast().color_display(
            config
              .color
              .with_use_color(UseColor::Never)
              .with_indentation(
                config
                  .indentation
                  .or(compilation.justfile.settings.indentation)
                  .unwrap_or_default()
              )
          )
        );
      }
    }
    Ok(())
  }

  fn edit(search: &Search) -> RunResult<'static> {
    let editor = if let Some(visual) = env_var("VISUAL")? {
      visual
    } else if let Some(editor) = env_var("EDITOR")? {
      editor
    } else {
      "vim".into()
    };

    let error = Command::resolve(&editor)
      .current_dir(&search.working_directory)
      .arg(&search.justfile)
      .status();

    let status = match error {
      Err(io_error) => return Err(Error::EditorInvoke { editor, io_error }),
      Ok(status) => status,
    };

    if !status.success() {
      return Err(Error::EditorStatus { editor, status });
    }

    Ok(())
  }

  fn format<'src>(config: &Config, loader: &'src Loader, search: &Search) -> RunResult<'src> {
    let root = search.justfile_parent();

    let (path, src) = loader.load(root, &search.justfile)?;

    let ast = Parser::parse_source(
      &mut Numerator::new(),
      path,
      &Source::root(&search.justfile),
      src,
    )?;

    let formatted = ast
      .color_display(
        config
          .color
          .with_use_color(UseColor::Never)
          .with_indentation(config.indentation.or(ast.indentation()).unwrap_or_default()),
      )
      .to_string();

    if config.check {
      if formatted == src {
        return Ok(());
      }

      if !config.verbosity.quiet() {
        use similar::{ChangeTag, TextDiff};

        let diff = TextDiff::configure()
          .algorithm(similar::Algorithm::Patience)
          .diff_lines(src, &formatted);

        for op in diff.ops() {
          for change in diff.iter_changes(op) {
            let (symbol, color) = match change.tag() {
              ChangeTag::Delete => ("-", config.color.stdout().diff_deleted()),
              ChangeTag::Equal => (" ", config.color.stdout()),
              ChangeTag::Insert => ("+", config.color.stdout().diff_added()),
            };

            print!("{}{symbol}{change}{}", color.prefix(), color.suffix());
          }
        }
      }

      Err(Error::FormatCheckFoundDiff)
    } else if search.tempdir.is_some() {
      print!("{formatted}");
      Ok(())
    } else {
      if formatted != src {
        fs::write(&search.justfile, formatted).map_err(|io_error| Error::WriteJustfile {
          justfile: search.justfile.clone(),
          io_error,
        })?;

        if config.verbosity.loud() {
          eprintln!("wrote justfile to `{}`", search.justfile);
        }
      }

      Ok(())
    }
  }

  fn init(config: &Config) -> RunResult<'static> {
    let search = Search::init(config)?;

    if filesystem::is_file(&search.justfile)? {
      return Err(Error::InitExists {
        justfile: search.justfile,
      });
    }

    if let Err(io_error) = fs::write(&search.justfile, INIT_JUSTFILE) {
      return Err(Error::WriteJustfile {
        justfile: search.justfile,
        io_error,
      });
    }

    if config.verbosity.loud() {
      eprintln!("wrote justfile to `{}`", search.justfile);
    }

    Ok(())
  }

  fn man() -> RunResult<'static> {
    let mut buffer = Vec::<u8>::new();

    Man::new(Arguments::command().mut_arg("list_heading", |arg| {
      let default = arg.get_default_values()[0]
        .to_str()
        .unwrap()
        .replace('\n', "\\n");
      arg.default_value(default)
    }))
    .render(&mut buffer)
    .expect("writing to buffer cannot fail");

    print!("{}", str::from_utf8(&buffer).unwrap());

    Ok(())
  }

  fn request(request: &Request) -> RunResult<'static> {
    let response = match request {
      Request::EnvironmentVariable(key) => Response::EnvironmentVariable(env::var_os(key)),
      #[cfg(not(windows))]
      Request::Signal => {
        let sigset = nix::sys::signal::SigSet::all();

        sigset.thread_block().unwrap();

        let received = sigset.wait().unwrap();

        Response::Signal(received.as_str().into())
      }
    };

    serde_json::to_writer(io::stdout(), &response).map_err(|source| Error::DumpJson { source })?;

    Ok(())
  }

  fn list<'src>(config: &Config, root: &Justfile<'src>, path: &Modulepath) -> RunResult<'src> {
    let module = Self::resolve_module(root, path, &path.components)?;
    Self::list_module(config, 0, &config.groups, module)?;
    Ok(())
  }

  fn list_module(
    config: &Config,
    depth: usize,
    groups: &[String],
    module: &Justfile,
  ) -> RunResult<'static> {
    const MAX_WIDTH: usize = 50;

    fn print_doc_and_aliases(
      config: &Config,
      name: &str,
      doc: Option<&str>,
      aliases: &[&str],
      max_signature_width: usize,
      signature_widths: &BTreeMap<&str, usize>,
    ) -> RunResult<'static> {
      let color = config.color.stdout();

      let inline_aliases = config.alias_style != AliasStyle::Separate && !aliases.is_empty();

      if inline_aliases || doc.is_some() {
        print!(
          "{:padding$}{}",
          "",
          color.doc().paint("#"),
          padding = max_signature_width.saturating_sub(signature_widths[name]) + 1,
        );
      }

      let print_aliases = || -> RunResult<'static> {
        print!(
          " {}",
          color.alias().paint(&format!(
            "[alias{}: {}]",
            if aliases.len() == 1 { "" } else { "es" },
            aliases.join(", ")
          ))
        );
        Ok(())
      };

      if inline_aliases && config.alias_style == AliasStyle::Left {
        print_aliases()?;
      }

      if let Some(doc) = doc {
        print!(" ");
        let mut end = 0;
        for backtick in BACKTICK_RE.find_iter(doc) {
          let prefix = &doc[end..backtick.start()];
          if !prefix.is_empty() {
            print!("{}", color.doc().paint(prefix));
          }
          print!("{}", color.doc_backtick().paint(backtick.as_str()));
          end = backtick.end();
        }

        let suffix = &doc[end..];
        if !suffix.is_empty() {
          print!("{}", color.doc().paint(suffix));
        }
      }

      if inline_aliases && config.alias_style == AliasStyle::Right {
        print_aliases()?;
      }

      println!();

      Ok(())
    }

    let (aliases, cross_module_aliases) = if config.no_aliases {
      (BTreeMap::new(), Vec::new())
    } else {
      let mut aliases = BTreeMap::<&str, Vec<&str>>::new();
      let mut cross_module_aliases = Vec::new();
      for alias in module
        .recipe_aliases
        .values()
        .filter(|alias| alias.is_public())
      {
        if alias.target.module_path() == &module.module_path {
          aliases
            .entry(alias.target.name.lexeme())
            .or_default()
            .push(alias.name.lexeme());
        } else {
          cross_module_aliases.push(alias);
        }
      }
      (aliases, cross_module_aliases)
    };

    let signature_widths = {
      let mut signature_widths: BTreeMap<&str, usize> = BTreeMap::new();

      for (name, recipe) in &module.recipes {
        if !recipe.is_public() {
          continue;
        }

        for name in iter::once(name).chain(aliases.get(name).unwrap_or(&Vec::new())) {
          signature_widths.insert(
            name,
            UnicodeWidthStr::width(
              RecipeSignature { name, recipe }
                .color_display(Color::never())
                .to_string()
                .as_str(),
            ),
          );
        }
      }
      for alias in &cross_module_aliases {
        signature_widths.insert(
          alias.name.lexeme(),
          UnicodeWidthStr::width(
            RecipeSignature {
              name: alias.name.lexeme(),
              recipe: &alias.target,
            }
            .color_display(Color::never())
            .to_string()
            .as_str(),
          ),
        );
      }

      if !config.list_submodules {
        for submodule in module.public_modules(config) {
          let name = submodule.name();
          signature_widths.insert(name, UnicodeWidthStr::width(format!("{name} ...").as_str()));
        }
      }

      signature_widths
    };

    let max_signature_width = signature_widths
      .values()
      .copied()
      .filter(|width| *width <= MAX_WIDTH)
      .max()
      .unwrap_or(0);

    let list_prefix = config.list_prefix.repeat(depth + 1);

    if !groups.is_empty() {
      let public_groups = module.public_groups(config);
      for group in groups {
        if !public_groups.contains(group) {
          return Err(Error::UnknownGroup {
            group: group.clone(),
          });
        }
      }
    }

    if depth == 0 {
      print!("{}", config.list_heading);
    }

    let entry_groups = {
      let mut entry_groups = BTreeMap::<Option<String>, Vec<ListEntry>>::new();

      for recipe in module.public_recipes(config) {
        let recipe_aliases = aliases
          .get(recipe.name())
          .map(Vec::as_slice)
          .unwrap_or_default();

        let mut entries = vec![ListEntry {
          aliases: recipe_aliases,
          comment: recipe.doc().map(Into::into),
          name: recipe.name(),
          recipe,
        }];

        if config.alias_style == AliasStyle::Separate {
          for name in recipe_aliases {
            entries.push(ListEntry {
              aliases: recipe_aliases,
              comment: Some(format!("alias for `{}`", recipe.name)),
              name,
              recipe,
            });
          }
        }

        let groups = recipe.groups();
        if groups.is_empty() {
          entry_groups.entry(None).or_default().extend(entries);
        } else {
          for group in groups {
            entry_groups
              .entry(Some(group))
              .or_default()
              .extend(entries.clone());
          }
        }
      }

      for alias in &cross_module_aliases {
        entry_groups.entry(None).or_default().push(ListEntry {
          aliases: &[],
          comment: Some(format!("alias for `{}`", alias.target.recipe_path())),
          name: alias.name.lexeme(),
          recipe: &alias.target,
        });
      }

      entry_groups
    };

    let submodule_groups = {
      let mut submodule_groups = BTreeMap::<Option<String>, Vec<&Justfile>>::new();
      for submodule in module.public_modules(config) {
        let submodule_groups_list = submodule.groups();
        if submodule_groups_list.is_empty() {
          submodule_groups.entry(None).or_default().push(submodule);
        } else {
          for group in submodule_groups_list {
            submodule_groups
              .entry(Some(group.to_string()))
              .or_default()
              .push(submodule);
          }
        }
      }
      submodule_groups
    };

    let mut ordered_groups = if groups.is_empty() {
      module
        .public_groups(config)
        .into_iter()
        .map(Some)
        .collect::<Vec<Option<String>>>()
    } else {
      groups
        .iter()
        .cloned()
        .map(Some)
        .collect::<Vec<Option<String>>>()
    };

    if groups.is_empty()
      && (entry_groups.contains_key(&None) || submodule_groups.contains_key(&None))
    {
      ordered_groups.insert(0, None);
    }

    let no_groups =
      groups.is_empty() && ordered_groups.len() == 1 && ordered_groups.first() == Some(&None);

    let groups_count = if no_groups { 0 } else { ordered_groups.len() };

    for (i, group) in ordered_groups.into_iter().enumerate() {
      if i > 0 {
        println!();
      }

      if !no_groups && let Some(group) = &group {
        println!(
          "{list_prefix}{}",
          config.color.stdout().group().paint(&format!("[{group}]"))
        );
      }

      if let Some(entries) = entry_groups.get(&group) {
        for entry in entries {
          let inline_comment = signature_widths[entry.name] <= MAX_WIDTH
            && entry
              .comment
              .as_ref()
              .is_none_or(|doc| doc.lines().count() <= 1);

          if let Some(comment) = &entry.comment
            && !inline_comment
          {
            for line in comment.lines() {
              println!(
                "{list_prefix}{} {}",
                config.color.stdout().doc().paint("#"),
                config.color.stdout().doc().paint(line),
              );
            }
          }

          print!(
            "{list_prefix}{}",
            RecipeSignature {
              name: entry.name,
              recipe: entry.recipe
            }
            .color_display(config.color.stdout())
          );

          print_doc_and_aliases(
            config,
            entry.name,
            entry.comment.as_deref().filter(|_| inline_comment),
            entry.aliases,
            max_signature_width,
            &signature_widths,
          )?;
        }
      }

      if let Some(submodules) = submodule_groups.get(&group) {
        for (i, submodule) in submodules.iter().enumerate() {
          if config.list_submodules {
            if no_groups && (i + groups_count > 0) {
              println!();
            }
            println!("{list_prefix}{}:", submodule.name());

            Self::list_module(config, depth + 1, &[], submodule)?;
          } else {
            print!("{list_prefix}{} ...", submodule.name());
            print_doc_and_aliases(
              config,
              submodule.name(),
              submodule.doc.as_deref(),
              &[],
              max_signature_width,
              &signature_widths,
            )?;
          }
        }
      }
    }

    Ok(())
  }

  fn show<'src>(config: &Config, module: &Justfile<'src>, path: &Modulepath) -> RunResult<'src> {
    let (alias, recipe) = Self::resolve_path(module, path, "show")?;

    if let Some(alias) = alias {
      println!("{alias}");
    }

    if !recipe.attributes.contains(AttributeKind::Doc)
      && let Some(doc) = &recipe.doc
    {
      println!("# {doc}");
    }

    for attribute in &recipe.attributes {
      println!("[{attribute}]");
    }

    println!("{}", recipe.color_display(config.color.stdout()));

    Ok(())
  }

  fn summary(config: &Config, justfile: &Justfile) -> RunResult<'static> {
    let recipes = justfile.public_recipes_recursive(config);

    for (i, recipe) in recipes.iter().enumerate() {
      if i > 0 {
        print!(" ");
      }
      print!("{}", recipe.recipe_path());
    }
    println!();

    if recipes.is_empty() && config.verbosity.loud() {
      eprintln!("justfile contains no recipes");
    }

    Ok(())
  }

  pub(crate) fn takes_arguments(&self) -> bool {
    match self {
      Self::Changelog
      | Self::Completions { .. }
      | Self::Dump { .. }
      | Self::Edit
      | Self::Format
      | Self::Groups
      | Self::Init
      | Self::Man
      | Self::Summary
      | Self::Variables => false,
      Self::Choose { .. }
      | Self::Clean { .. }
      | Self::Command { .. }
      | Self::Evaluate { .. }
      | Self::List { .. }
      | Self::Request { .. }
      | Self::Run { .. }
      | Self::Show { .. }
      | Self::Usage { .. } => true,
    }
  }

  fn usage<'src>(config: &Config, root: &Justfile<'src>, path: &Modulepath) -> RunResult<'src> {
    if let Some(module) = root.submodule(path) {
      let recipes = module.public_recipes(config);

      if recipes.is_empty() {
        if config.verbosity.loud() {
          eprintln!("module contains no recipes");
        }
      } else {
        println!("{}", config.color.stdout().heading().paint("Usage:"));
        for (i, recipe) in recipes.into_iter().enumerate() {
          if i > 0 {
            println!();
          }

          let path = Modulepath {
            spaced: true,
            ..path.join(recipe.name())
          };

          println!(
            "{}",
            Usage {
              mode: usage::Mode::Module,
              path: &path,
              recipe,
            }
            .color_display(config.color.stdout()),
          );
        }
      }
    } else {
      let (alias, recipe) = Self::resolve_path(root, path, "usage")?;

      if let Some(alias) = alias {
        println!("{alias}");
      }

      println!(
        "{}",
        Usage {
          mode: usage::Mode::Recipe,
          path,
          recipe
        }
        .color_display(config.color.stdout()),
      );
    }

    Ok(())
  }

  fn resolve_module<'src, 'run>(
    root: &'run Justfile<'src>,
    path: &Modulepath,
    components: &[String],
  ) -> RunResult<'src, &'run Justfile<'src>> {
    let mut module = root;

    for name in components {
      if let Some(submodule) = module.modules.get(name) {
        module = submodule;
      } else if let Some(alias) = module.module_aliases.get(name) {
        module = root.submodule(&alias.target).unwrap();
      } else if module.absent_modules.contains(name) {
        return Err(Error::ModuleAbsent {
          module: module.module_path.join(name),
        });
      } else {
        return Err(Error::UnknownSubmodule {
          path: path.to_string(),
          suggestion: module.suggest_submodule(name),
        });
      }
    }

    Ok(module)
  }

  fn resolve_path<'src, 'run>(
    root: &'run Justfile<'src>,
    path: &Modulepath,
    subcommand: &'static str,
  ) -> RunResult<'src, (Option<&'run RecipeAlias<'src>>, &'run Recipe<'src>)> {
    let Some((name, ancestors)) = path.components.split_last() else {
      return Err(Error::RecipeRequired { subcommand });
    };

    let module = Self::resolve_module(root, path, ancestors)?;

    if let Some(alias) = module.recipe_alias(name) {
      Ok((Some(alias), &alias.target))
    } else if let Some(recipe) = module.recipe(name) {
      Ok((None, recipe))
    } else if let Some(disabled) = module.disabled_recipes.get(name) {
      Err(Error::RecipeDisabled {
        recipe: path.clone(),
        modules: disabled.modules.clone(),
      })
    } else if let Some(disabled) = module.disabled_aliases.get(name) {
      Err(Error::AliasDisabled {
        alias: path.clone(),
        modules: disabled.modules.clone(),
      })
    } else if module.absent_modules.contains(name) {
      Err(Error::ModuleAbsent {
        module: module.module_path.join(name),
      })
    } else {
      Err(Error::UnknownRecipe {
        recipe: name.to_owned(),
        suggestion: module.suggest_recipe(name),
      })
    }
  }

  fn variables(justfile: &Justfile) -> RunResult<'static> {
    for (i, (_, assignment)) in justfile
      .assignments
      .iter()
      .filter(|(_, binding)| !binding.private)
      .enumerate()
    {
      if i > 0 {
        print!(" ");
      }
      print!("{}", assignment.name);
    }
    println!();
    Ok(())
  }
}

#[cfg(test)]
mod tests {
  use super::*;

  #[test]
  fn init_justfile() {
    testing::compile(INIT_JUSTFILE);
  }
}
