(class_declaration name: (identifier) @name body: (class_body) @body) @type
(interface_declaration name: (identifier) @name body: (interface_body) @body) @type
(record_declaration name: (identifier) @name body: (class_body) @body) @type
(enum_declaration name: (identifier) @name) @type
(method_declaration name: (identifier) @name body: (block) @body) @definition
(method_declaration name: (identifier) @name !body) @definition
(constructor_declaration name: (identifier) @name body: (constructor_body) @body) @definition
(field_declaration declarator: (variable_declarator name: (identifier) @name)) @field
