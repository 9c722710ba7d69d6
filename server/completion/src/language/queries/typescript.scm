(interface_declaration name: (type_identifier) @name) @type
(type_alias_declaration name: (type_identifier) @name) @type
(enum_declaration name: (identifier) @name) @type
(abstract_class_declaration name: (type_identifier) @name body: (class_body) @body) @type
(function_signature name: (identifier) @name) @definition
(public_field_definition name: (property_identifier) @name) @field
