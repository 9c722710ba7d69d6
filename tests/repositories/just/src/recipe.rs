use super::*;

/// A recipe, e.g. `foo: bar baz`
#[derive(PartialEq, Debug, Clone, Serialize)]
pub(crate) struct Recipe<'src, D = Dependency<'src>> {
  pub(crate) attributes: AttributeSet<'src>,
  pub(crate) body: Vec<Line<'src>>,
  pub(crate) dependencies: Vec<D>,
  pub(crate) doc: Option<String>,
  #[serde(skip)]
  pub(crate) file_depth: u32,
  #[serde(skip)]
  pub(crate) import_offsets: Vec<usize>,
  #[serde(skip)]
  pub(crate) module_path: Option<Modulepath>,
  pub(crate) name: Name<'src>,
  #[serde(skip)]
  pub(crate) number: Number,
  pub(crate) parameters: Vec<Parameter<'src>>,
  pub(crate) priors: usize,
  pub(crate) private: bool,
  pub(crate) quiet: bool,
  #[serde(rename = "namepath")]
  pub(crate) recipe_path: Option<Modulepath>,
  pub(crate) shebang: bool,
  #[serde(skip)]
  pub(crate) variable_references: HashSet<Number>,
}

impl<'src, D> Recipe<'src, D> {
  pub(crate) fn is_script(&self, settings: &Settings) -> bool {
    if self.attributes.contains(AttributeKind::Shell) {
      false
    } else {
      self.shebang || settings.default_script
    }
  }

  pub(crate) fn name(&self) -> &'src str {
    self.name.lexeme()
  }
}

impl<'src> Recipe<'src> {
  pub(crate) fn module_path(&self) -> &Modulepath {
    self.module_path.as_ref().unwrap()
  }

  pub(crate) fn recipe_path(&self) -> &Modulepath {
    self.recipe_path.as_ref().unwrap()
  }

  pub(crate) fn spaced_recipe_path(&self) -> String {
    self.recipe_path().to_string().replace("::", " ")
  }

  pub(crate) fn argument_range(&self, settings: &Settings) -> RangeInclusive<usize> {
    self.min_arguments()..=self.max_arguments(settings)
  }

  pub(crate) fn group_arguments(
    &self,
    arguments: &[DependencyArgument<'src>],
    settings: &Settings,
  ) -> Vec<Vec<DependencyArgument<'src>>> {
    let mut groups = Vec::new();
    let mut rest = arguments;

    for parameter in &self.parameters {
      let group = if parameter.kind.is_variadic() && !settings.lists {
        mem::take(&mut rest).into()
      } else if let Some(argument) = rest.first() {
        rest = &rest[1..];
        vec![argument.clone()]
      } else {
        Vec::new()
      };

      groups.push(group);
    }

    groups
  }

  pub(crate) fn min_arguments(&self) -> usize {
    self.parameters.iter().filter(|p| p.is_required()).count()
  }

  pub(crate) fn max_arguments(&self, settings: &Settings) -> usize {
    if !settings.lists && self.parameters.iter().any(|p| p.kind.is_variadic()) {
      usize::MAX - 1
    } else {
      self.parameters.len()
    }
  }

  pub(crate) fn line_number(&self) -> usize {
    self.name.line
  }

  pub(crate) fn confirm(&self, evaluator: &mut Evaluator<'src, '_>) -> RunResult<'src, bool> {
    if let Some(Attribute::Confirm(prompt)) = self.attributes.get(AttributeKind::Confirm) {
      if let Some(expression) = prompt {
        eprint!("{} ", evaluator.evaluate_value(expression)?.join());
      } else {
        eprint!("Run recipe `{}`? ", self.name);
      }
      let mut line = String::new();
      std::io::stdin()
        .read_line(&mut line)
        .map_err(|io_error| Error::GetConfirmation { io_error })?;
      let line = line.trim().to_lowercase();
      Ok(line == "y" || line == "yes")
    } else {
      Ok(true)
    }
  }

  pub(crate) fn check_can_be_default_recipe(&self) -> RunResult<'src> {
    let min_arguments = self.min_arguments();
    if min_arguments > 0 {
      return Err(Error::DefaultRecipeRequiresArguments {
        recipe: self.name.lexeme(),
        min_arguments,
      });
    }

    Ok(())
  }

  fn continue_on(&self, signal: Signal) -> bool {
    let Some(Attribute::Continue(signals)) = self.attributes.get(AttributeKind::Continue) else {
      return false;
    };

    if signals.is_empty() {
      signal == Signal::Interrupt
    } else {
      signals.contains(&signal)
    }
  }

  pub(crate) fn is_parallel(&self) -> bool {
    self.attributes.contains(AttributeKind::Parallel)
  }

  pub(crate) fn is_public(&self) -> bool {
    !self.private && !self.attributes.private()
  }

  pub(crate) fn takes_positional_arguments(&self, settings: &Settings) -> bool {
    settings.positional_arguments || self.attributes.contains(AttributeKind::PositionalArguments)
  }

  pub(crate) fn change_directory(&self, settings: &Settings) -> bool {
    if self.attributes.contains(AttributeKind::WorkingDirectory) {
      return true;
    }

    if self.attributes.contains(AttributeKind::NoCd) {
      return false;
    }

    !settings.no_cd
  }

  fn print_exit_message(&self, settings: &Settings) -> bool {
    if self.attributes.contains(AttributeKind::ExitMessage) {
      true
    } else if settings.no_exit_message {
      false
    } else {
      !self.attributes.contains(AttributeKind::NoExitMessage)
    }
  }

  fn working_directory<'a, 'run>(
    &'a self,
    context: &'a ExecutionContext,
    evaluator: &mut Evaluator<'src, 'run>,
  ) -> RunResult<'src, Option<Utf8PathBuf>> {
    if !self.change_directory(&context.module.settings) {
      return Ok(None);
    }

    let working_directory = context.working_directory();

    for attribute in &self.attributes {
      if let Attribute::WorkingDirectory(expression) = attribute {
        return Ok(Some(working_directory.join(&evaluator.evaluate_string(
          expression,
          StringContext::WorkingDirectoryAttribute(self.attributes.name(attribute)),
        )?)));
      }
    }

    Ok(Some(working_directory))
  }

  fn no_quiet(&self) -> bool {
    self.attributes.contains(AttributeKind::NoQuiet)
  }

  fn timestamp_format(
    &self,
    config: &Config,
    evaluator: &mut Evaluator<'src, '_>,
  ) -> RunResult<'src, Option<String>> {
    if let Some(attribute) = self.attributes.get(AttributeKind::Timestamp) {
      let Attribute::Timestamp(format) = attribute else {
        unreachable!();
      };
      Ok(Some(
        format
          .as_ref()
          .map(|expression| {
            evaluator.evaluate_string(
              expression,
              StringContext::TimestampAttribute(self.attributes.name(attribute)),
            )
          })
          .transpose()?
          .unwrap_or_else(|| config.timestamp_format.clone()),
      ))
    } else if config.timestamp {
      Ok(Some(config.timestamp_format.clone()))
    } else {
      Ok(None)
    }
  }

  pub(crate) fn run<'run>(
    &self,
    context: &ExecutionContext<'src, 'run>,
    env: &BTreeMap<String, String>,
    is_dependency: bool,
    positional: &[String],
    scope: &Scope<'src, 'run>,
    cache: &Cache,
    jobs: &Semaphore,
  ) -> RunResult<'src> {
    let _guard = jobs.acquire();

    let color = context.config.color.stderr().banner();
    let prefix = color.prefix();
    let suffix = color.suffix();

    if context.config.verbosity.loquacious() {
      eprintln!(
        "{prefix}===> running recipe `{}`...{suffix}",
        self.recipe_path(),
      );
    }

    if context.config.explain
      && let Some(doc) = self.doc()
    {
      eprintln!("{prefix}#### {doc}{suffix}");
    }

    let evaluator = Evaluator::new(context, env.clone(), is_dependency, Some(self.name), scope);

    let start = Instant::now();
    let result = if self.is_script(&context.module.settings) {
      self.run_script(context, env, evaluator, positional, scope, cache)
    } else {
      self.run_shell(context, env, evaluator, positional, scope)
    };
    let elapsed = start.elapsed();

    if context.config.time {
      let color = if context.config.highlight {
        context.config.color.command(context.config.command_color)
      } else {
        context.config.color
      }
      .stderr();

      let prefix = color.prefix();
      let suffix = color.suffix();
      let recipe_name = self.name.lexeme();

      eprintln!(
        "{prefix}---> {recipe_name} completed in {:.3}s{suffix}",
        elapsed.as_secs_f64(),
      );
    }

    result
  }

  fn run_shell<'run>(
    &self,
    context: &ExecutionContext<'src, 'run>,
    env: &BTreeMap<String, String>,
    mut evaluator: Evaluator<'src, 'run>,
    positional: &[String],
    scope: &Scope<'src, 'run>,
  ) -> RunResult<'src> {
    let config = &context.config;
    let settings = &context.module.settings;

    let mut lines = self.body.iter().peekable();
    let mut line_number = self.line_number() + 1;

    let working_directory = self.working_directory(context, &mut evaluator)?;

    let timestamp_format = self.timestamp_format(config, &mut evaluator)?;

    loop {
      let Some(line) = lines.peek() else {
        return Ok(());
      };

      let mut evaluated = String::new();
      let mut continued = false;

      let comment_line = settings.ignore_comments && line.is_comment();
      let sigils = line.sigils(settings);

      loop {
        if lines.peek().is_none() {
          break;
        }
        let line = lines.next().unwrap();
        line_number = line.number + 1;
        if !comment_line {
          evaluated += &evaluator.evaluate_line(line, continued)?;
        }
        if line.is_continuation() && !comment_line {
          continued = true;
          evaluated.pop();
        } else {
          break;
        }
      }

      if comment_line {
        continue;
      }

      let mut command = evaluated.as_str();

      command = &command[sigils.len()..];

      if command.is_empty() {
        continue;
      }

      let guard = sigils.contains(&Sigil::Guard);
      let infallible = sigils.contains(&Sigil::Infallible);
      let quiet = sigils.contains(&Sigil::Quiet);

      let timestamp = timestamp_format
        .as_deref()
        .map(|format| datetime_format(chrono::Local::now(), format).map_err(Error::DatetimeFormat))
        .transpose()?;

      if config.dry_run
        || config.verbosity.loquacious()
        || timestamp.is_some()
        || !((quiet ^ self.quiet)
          || (settings.quiet && !self.no_quiet())
          || config.verbosity.quiet())
      {
        let color = if config.highlight {
          config.color.command(config.command_color)
        } else {
          config.color
        }
        .stderr();

        if let Some(timestamp) = timestamp {
          eprint!("[{}] ", color.paint(&timestamp));
        }

        eprintln!("{}", color.paint(command));
      }

      if config.dry_run {
        continue;
      }

      let mut cmd = settings.shell_command(config);

      if let Some(working_directory) = &working_directory {
        cmd.current_dir(working_directory);
      }

      cmd.shell_arg(command);

      if self.takes_positional_arguments(settings) {
        cmd.arg(self.name.lexeme());
        cmd.args(positional);
      }

      if config.verbosity.quiet() {
        cmd.stderr(Stdio::null());
        cmd.stdout(Stdio::null());
      }

      let environment =
        Environment::new(context.dotenv, scope, settings, &context.module.unexports);

      environment.export(&mut cmd);

      for (key, value) in env {
        cmd.env(key, value);
      }

      let (result, caught) = cmd.status_guard();

      match result {
        Ok(exit_status) => {
          if let Some(code) = exit_status.code() {
            if code != 0 {
              if guard {
                if code == 1 {
                  return Ok(());
                }

                return Err(Error::GuardCode {
                  recipe: self.name(),
                  line_number,
                  code,
                });
              } else if !infallible {
                return Err(Error::Code {
                  recipe: self.name(),
                  line_number: Some(line_number),
                  code,
                  print_message: self.print_exit_message(settings),
                });
              }
            }
          } else if !infallible {
            return Err(Error::from_signal(
              exit_status,
              Some(line_number),
              self.print_exit_message(settings),
              self.name(),
            ));
          }
        }
        Err(io_error) => {
          return Err(Error::ShellIo {
            io_error,
            recipe: self.name(),
            shell: settings.shell(config).0.into(),
          });
        }
      }

      if let Some(signal) = caught {
        if self.continue_on(signal) || infallible {
          SignalHandler::clear();
        } else {
          return Err(Error::Interrupted { signal });
        }
      }
    }
  }

  pub(crate) fn run_script<'run>(
    &self,
    context: &ExecutionContext<'src, 'run>,
    env: &BTreeMap<String, String>,
    mut evaluator: Evaluator<'src, 'run>,
    positional: &[String],
    scope: &Scope<'src, 'run>,
    cache: &Cache,
  ) -> RunResult<'src> {
    let config = &context.config;

    if let Some(format) = self.timestamp_format(config, &mut evaluator)? {
      let timestamp =
        datetime_format(chrono::Local::now(), &format).map_err(Error::DatetimeFormat)?;

      let color = if config.highlight {
        config.color.command(config.command_color)
      } else {
        config.color
      }
      .stderr();

      eprintln!("[{}] {}", color.paint(&timestamp), self.name);
    }

    let mut evaluated_lines = Vec::new();
    for line in &self.body {
      evaluated_lines.push(evaluator.evaluate_line(line, false)?);
    }

    if config.verbosity.loud() && (config.dry_run || self.quiet) {
      let color = if config.highlight {
        config.color.command(config.command_color)
      } else {
        config.color
      }
      .stderr();

      for line in &evaluated_lines {
        eprintln!("{}", color.paint(line));
      }
    }

    if config.dry_run {
      return Ok(());
    }

    let executor = if self.attributes.contains(AttributeKind::Script) {
      let Some(Attribute::Script(interpreter)) = self.attributes.get(AttributeKind::Script) else {
        unreachable!();
      };
      Executor::Command(
        interpreter
          .as_ref()
          .map(|interpreter| Interpreter {
            command: interpreter.command.cooked.clone(),
            arguments: interpreter
              .arguments
              .iter()
              .map(|argument| argument.cooked.clone())
              .collect(),
          })
          .or_else(|| context.module.settings.script_interpreter.clone())
          .unwrap_or_else(|| Interpreter::default_script_interpreter().clone()),
      )
    } else if self.body.first().is_some_and(Line::is_shebang) {
      let shebang = &evaluated_lines[0];
      Executor::Shebang(Shebang::new(shebang).ok_or_else(|| Error::InvalidShebang {
        recipe: self.name,
        shebang: shebang.into(),
      })?)
    } else {
      Executor::Command(
        context
          .module
          .settings
          .script_interpreter
          .clone()
          .unwrap_or_else(|| Interpreter::default_script_interpreter().clone()),
      )
    };

    let working_directory = self.working_directory(context, &mut evaluator)?;

    let mut environment = Environment::new(
      context.dotenv,
      scope,
      &context.module.settings,
      &context.module.unexports,
    );

    for (name, value) in env {
      environment
        .variables
        .insert(name.clone(), Some(value.clone()));
    }

    let extension = self.attributes.iter().find_map(|attribute| {
      if let Attribute::Extension(extension) = attribute {
        Some(extension.cooked.as_str())
      } else {
        None
      }
    });

    let (cache_lock, outputs) = if !config.no_cache
      && let Some(Attribute::Cache {
        environment: environment_attribute,
        extra,
        inputs,
        outputs,
      }) = self.attributes.get(AttributeKind::Cache)
    {
      let working_directory = match &working_directory {
        Some(working_directory) => working_directory.to_owned(),
        None => dir::current_directory()?,
      };

      let environment_attribute = environment_attribute
        .as_ref()
        .map(|environment| evaluator.evaluate_value(environment))
        .transpose()?;

      let environment = if let Some(names) = environment_attribute {
        let mut variables = BTreeMap::new();

        for name in names {
          let value = if let Some(value) = environment.variables.get(&name) {
            value.clone()
          } else {
            match env::var(&name) {
              Err(env::VarError::NotPresent) => None,
              Err(env::VarError::NotUnicode(value)) => {
                return Err(Error::EnvVarUnicode { name, value });
              }
              Ok(value) => Some(value),
            }
          };

          variables.insert(name, value);
        }

        variables
      } else {
        environment.variables.clone()
      };

      let extra = extra
        .as_ref()
        .map(|extra| evaluator.evaluate_value(extra))
        .transpose()?;

      let inputs = inputs
        .as_ref()
        .map(|inputs| {
          let inputs = evaluator.evaluate_value(inputs)?;
          Cache::inputs(inputs, &working_directory)
        })
        .transpose()?;

      let outputs = outputs
        .as_ref()
        .map(|outputs| -> RunResult<BTreeMap<String, Utf8PathBuf>> {
          let outputs = evaluator.evaluate_value(outputs)?;
          Ok(
            outputs
              .into_elements()
              .into_iter()
              .map(|output| (output.clone(), working_directory.join(output)))
              .collect(),
          )
        })
        .transpose()?
        .unwrap_or_default();

      let key = CacheKey {
        body: &evaluated_lines,
        environment,
        executor: &executor,
        extension,
        extra,
        inputs,
        positional: self
          .takes_positional_arguments(&context.module.settings)
          .then_some(positional),
        recipe: self.recipe_path(),
        working_directory: Some(&working_directory),
      };

      let lock = match cache.status(config, key, &outputs)? {
        CacheStatus::Hit => {
          if config.verbosity.loquacious() {
            eprintln!(
              "{}",
              context
                .config
                .color
                .stderr()
                .banner()
                .paint("===> cache hit, skipping invocation"),
            );
          }
          return Ok(());
        }
        CacheStatus::Miss(lock) => lock,
      };

      (Some(lock), outputs)
    } else {
      (None, BTreeMap::new())
    };

    let tempdir = context.tempdir(self)?;

    let mut path = dir::temporary_directory(&tempdir)?.to_owned();

    path.push(executor.script_filename(self.name(), extension));

    let mut script = executor.script(self, &evaluated_lines);

    if config.verbosity.grandiloquent() {
      eprintln!("{}", config.color.doc().stderr().paint(&script));
    }

    if executor.needs_bom() {
      script.insert(0, '\u{FEFF}');
    }

    fs::write(&path, script).map_err(|error| Error::TempdirIo {
      recipe: self.name(),
      io_error: error,
    })?;

    let mut command = executor.command(config, &path, self.name(), working_directory.as_deref())?;

    if self.takes_positional_arguments(&context.module.settings) {
      command.args(positional);
    }

    environment.export(&mut command);

    // run it!
    let (result, caught) = command.status_guard();

    match result {
      Ok(exit_status) => exit_status.code().map_or_else(
        || {
          Err(Error::from_signal(
            exit_status,
            None,
            self.print_exit_message(&context.module.settings),
            self.name(),
          ))
        },
        |code| {
          if code == 0 {
            Ok(())
          } else {
            Err(Error::Code {
              recipe: self.name(),
              line_number: None,
              code,
              print_message: self.print_exit_message(&context.module.settings),
            })
          }
        },
      )?,
      Err(io_error) => return Err(executor.error(io_error, self.name())),
    }

    if let Some(signal) = caught {
      if self.continue_on(signal) {
        SignalHandler::clear();
      } else {
        return Err(Error::Interrupted { signal });
      }
    }

    for (output, path) in outputs {
      if !filesystem::exists(&path)? {
        return Err(Error::CacheOutputMissing {
          recipe: self.name(),
          output,
        });
      }
    }

    cache_lock.map(CacheLock::save).transpose()?;

    Ok(())
  }

  pub(crate) fn groups(&self) -> BTreeSet<String> {
    self
      .attributes
      .groups()
      .into_iter()
      .map(|group| group.cooked)
      .collect()
  }

  pub(crate) fn doc(&self) -> Option<&str> {
    self.doc.as_deref()
  }

  pub(crate) fn priors(&self) -> &[Dependency<'src>] {
    &self.dependencies[..self.priors]
  }

  pub(crate) fn subsequents(&self) -> &[Dependency<'src>] {
    &self.dependencies[self.priors..]
  }
}

impl<D: Display> ColorDisplay for Recipe<'_, D> {
  fn fmt(&self, f: &mut Formatter, color: Color) -> fmt::Result {
    if self.quiet {
      write!(f, "@{}", self.name)?;
    } else {
      write!(f, "{}", self.name)?;
    }

    for parameter in &self.parameters {
      write!(f, " {}", parameter.color_display(color))?;
    }
    write!(f, ":")?;

    for (i, dependency) in self.dependencies.iter().enumerate() {
      if i == self.priors {
        write!(f, " &&")?;
      }

      write!(f, " {dependency}")?;
    }

    for (i, line) in self.body.iter().enumerate() {
      if i == 0 {
        writeln!(f)?;
      }
      for (j, fragment) in line.fragments.iter().enumerate() {
        if j == 0 {
          write!(f, "{}", color.indentation())?;
        }
        match fragment {
          Fragment::Text { token } => write!(f, "{}", token.lexeme())?,
          Fragment::Interpolation { expression, .. } => write!(f, "{{{{ {expression} }}}}")?,
        }
      }
      if i + 1 < self.body.len() {
        writeln!(f)?;
      }
    }
    Ok(())
  }
}

impl<'src, D> Keyed<'src> for Recipe<'src, D> {
  fn key(&self) -> &'src str {
    self.name.lexeme()
  }
}
