(function_item name: (identifier) @name body: (block) @body) @definition
(function_signature_item name: (identifier) @name) @definition
(struct_item name: (type_identifier) @name) @type
(enum_item name: (type_identifier) @name) @type
(union_item name: (type_identifier) @name) @type
(type_item name: (type_identifier) @name) @definition
(const_item name: (identifier) @name) @definition
(static_item name: (identifier) @name) @definition
(macro_definition name: (identifier) @name ["{" "(" "["] @body) @definition
(trait_item name: (type_identifier) @name body: (declaration_list) @body) @type
(impl_item type: (type_identifier) @name body: (declaration_list) @body) @container
(impl_item type: (generic_type type: (type_identifier) @name) body: (declaration_list) @body) @container
