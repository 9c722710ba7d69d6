(class_definition name: (identifier) @name body: (block) @body) @type
(function_definition name: (identifier) @name body: (block) @body) @definition
(module (expression_statement (assignment left: (identifier) @name) @definition))
(class_definition body: (block (expression_statement (assignment left: (identifier) @name) @field)))
((assignment left: (attribute object: (identifier) @object attribute: (identifier) @name)) @field
  (#eq? @object "self"))
