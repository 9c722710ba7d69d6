(class_specifier name: (type_identifier) @name body: (field_declaration_list) @body) @type
(function_definition
  declarator: (function_declarator declarator: (field_identifier) @name)
  body: (compound_statement) @body) @definition
(function_definition
  declarator: (function_declarator declarator: (qualified_identifier name: (identifier) @name))
  body: (compound_statement) @body) @definition
(field_declaration declarator: (function_declarator declarator: (field_identifier) @name)) @definition
(field_declaration declarator: (field_identifier) @name) @field
(alias_declaration name: (type_identifier) @name) @definition
