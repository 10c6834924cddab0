/** A payload to begin with, from the JSON Schema of what an action takes. */

/** @param {any} schema @param {any} [root] @param {number} [depth] @returns {unknown} */
export function skeleton(schema, root = schema, depth = 0) {
  const found = resolved(schema, root);
  if (!found || depth > 6) return null;
  if ('default' in found) return found.default;
  if ('const' in found) return found.const;
  if (found.enum) return found.enum[0];
  if (found.examples?.length) return found.examples[0];
  const choice = (found.anyOf ?? found.oneOf ?? found.allOf)?.[0];
  if (choice) return skeleton(choice, root, depth + 1);
  switch (Array.isArray(found.type) ? found.type[0] : found.type) {
    case 'object':
      return members(found, root, depth);
    case 'array':
      return found.items && found.minItems ? [skeleton(found.items, root, depth + 1)] : [];
    case 'string':
      return '';
    case 'integer':
    case 'number':
      return found.minimum ?? 0;
    case 'boolean':
      return false;
    default:
      return found.properties ? members(found, root, depth) : null;
  }
}

/** @param {any} schema @param {any} root @param {number} depth */
function members(schema, root, depth) {
  const required = schema.required ?? Object.keys(schema.properties ?? {});
  return Object.fromEntries(required.map((/** @type {string} */ name) => [name, skeleton(schema.properties?.[name], root, depth + 1)]));
}

/** @param {any} schema @param {any} root */
function resolved(schema, root) {
  if (typeof schema?.$ref !== 'string') return schema;
  const steps = schema.$ref.replace(/^#\/?/, '').split('/').filter(Boolean);
  return steps.reduce((/** @type {any} */ at, /** @type {string} */ step) => at?.[decodeURIComponent(step)], root);
}
