// { section: { key: value } } as TOML; an array of objects is [[section]].
function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object') {
    const members = Object.entries(value).map(([key, v]) => `${JSON.stringify(key)} = ${literal(v)}`);
    return `{ ${members.join(', ')} }`;
  }
  return String(value);
}

function table(entries) {
  return Object.entries(entries)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} = ${literal(value)}\n`)
    .join('');
}

export function toml(sections) {
  let text = '';
  for (const [name, content] of Object.entries(sections)) {
    if (Array.isArray(content)) {
      for (const entries of content) text += `[[${name}]]\n${table(entries)}\n`;
    } else if (content !== undefined) {
      text += `[${name}]\n${table(content)}\n`;
    }
  }
  return text;
}

// Sections of `over` win key by key; arrays are replaced.
export function merged(base, over = {}) {
  const out = { ...base };
  for (const [name, content] of Object.entries(over)) {
    out[name] = Array.isArray(content) || content === undefined || Array.isArray(base[name])
      ? content : { ...base[name], ...content };
  }
  return out;
}
