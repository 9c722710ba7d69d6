(function_declaration name: (identifier) @name body: (statement_block) @body) @definition
(generator_function_declaration name: (identifier) @name body: (statement_block) @body) @definition
(class_declaration name: (_) @name body: (class_body) @body) @type
(method_definition name: (property_identifier) @name body: (statement_block) @body) @definition
(lexical_declaration
  (variable_declarator name: (identifier) @name value: (arrow_function body: (_) @body))) @definition
(program (lexical_declaration (variable_declarator name: (identifier) @name)) @definition)
(export_statement (lexical_declaration (variable_declarator name: (identifier) @name)) @definition)
