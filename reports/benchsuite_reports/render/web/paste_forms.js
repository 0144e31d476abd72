// A compact table as LaTeX and as Markdown, as benchsuite report writes it.
const TEX = PASTE.tex;
const POINTS = 345;

function sign1(character) {
  if (character in TEX.signs) return TEX.signs[character];
  if (character in TEX.greek) return TEX.greek[character];
  if (character.codePointAt(0) < 128) return character;
  const [base, ...accents] = character.normalize("NFD");
  const accent = accents.length === 1 ? TEX.accents[accents[0]] : undefined;
  if (accent !== undefined && /^[A-Za-z]$/.test(base)) return `\\${accent}{${"ij".includes(base) && !"cd".includes(accent) ? "\\" : ""}${base}}`;
  return `\\benchsuitechar{${character}}{[U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]}`;
}

function tex(text) {
  const signs = [...text.normalize("NFC")];
  // Two hyphens in a row would become a dash.
  return signs.map((one, k) => (one === "-" && signs[k + 1] === "-" ? "-{}" : sign1(one))).join("");
}
const texProse = (text) => tex(text.replace(/(?<=[\p{L}\p{N}_])'(?=[\p{L}\p{N}_])/gu, "’"));

function points(text) {
  const { known, capital, other, wide, size } = TEX.widths;
  const width = (c) => {
    if (known[c]) return known[c];
    if (c.codePointAt(0) > 127 && !(c in TEX.signs)) return sign1(c).startsWith("\\benchsuitechar") ? wide : capital;
    return c.toLowerCase() !== c && c.toUpperCase() === c ? capital : other;
  };
  return size * [...text].reduce((sum, c) => sum + width(c), 0);
}

const texLetters = (notes) => (notes.length ? `\\textsuperscript{${notes.join(",")}}` : "");
const texNumber = (text) => tex(text).replaceAll("-", "$-$");

function texCell(cell) {
  if (!cell.number) return (cell.words.includes(":") ? `\\emph{${tex(cell.words)}}` : tex(cell.words)) + texLetters(cell.notes);
  const number = texNumber(cell.number);
  const marked = { best: `\\textbf{${number}}`, second: `\\underline{${number}}` }[cell.mark] || number;
  const margin = cell.margin ? `\\,{\\scriptsize$\\pm$}{\\scriptsize ${texNumber(cell.margin)}}` : "";
  return marked + margin + (cell.sign > 0 ? "$^{+}$" : cell.sign < 0 ? "$^{-}$" : "") + texLetters(cell.notes);
}

function cellPoints(cell) {
  const around = points("a".repeat(cell.notes.length) + (cell.sign ? "+" : ""));
  if (!cell.number) return points(cell.words) + around;
  return points(cell.number) * (cell.mark === "best" ? TEX.bold : 1) + around + (cell.margin ? points(` ±${cell.margin}`) : 0);
}

function twoLines(text) {
  const gaps = [...text].flatMap((c, k) => (c === " " ? [k] : []));
  if ([...text].length <= 10 || !gaps.length) return [text];
  const far = (k) => Math.abs(2 * k + 1 - text.length);
  const middle = gaps.reduce((a, b) => (far(b) < far(a) ? b : a));
  return [text.slice(0, middle), text.slice(middle + 1)];
}

function broken(heading, setting) {
  if (!setting.broken) return [heading];
  const at = heading.lastIndexOf("@");
  return at > 0 ? [heading.slice(0, at), heading.slice(at)] : twoLines(heading);
}

const levels = (piece) => piece.columns[0].heads.length;
const outer = (piece) => (levels(piece) > 1 ? spans(piece.columns, 0).map(([, count]) => count) : [piece.columns.length]);
const named = (line) => line.name + (line.ceiling ? " (ceiling)" : "");

function widthOf(piece, setting) {
  const lines = piece.groups.flatMap((group) => group.lines);
  const names = Math.max(...lines.map((one) => points(named(one) + "a".repeat(one.notes.length))));
  const columns = piece.columns.map((column, k) => {
    const heads = broken(column.heading, setting);
    heads[heads.length - 1] += column.lower ? " ↓" : "";
    return Math.max(...heads.map(points), ...lines.map((one) => (one.span ? 0 : cellPoints(one.cells[k]))));
  });
  const gap = (2 * setting.gap) / setting.scale;
  const over = (level) => {
    let first = 0;
    return spans(piece.columns, level).reduce((sum, [head, count]) => {
      const own = columns.slice(first, first + count).reduce((a, b) => a + b, 0) + count * gap;
      first += count;
      return sum + Math.max(own, level < levels(piece) - 1 ? points(head) + gap : 0);
    }, 0);
  };
  const wide = (TEX.room / setting.scale) * (outer(piece).length - 1) + Math.max(...piece.columns[0].heads.map((_, level) => over(level)));
  return setting.scale * (names + Math.max(wide, ...lines.map((one) => points(`${one.span}a`))));
}

// The table cut at its outermost heads, where all of them stand over the same; else nowhere.
function blocksOf(table) {
  if (levels(table) === 1) return [];
  let first = 0;
  const pieces = outer(table).map((count) => {
    const [low, high] = [first, first + count];
    first = high;
    const cut = (line) => ({ ...line, cells: line.cells.slice(low, high) });
    return { ...table, columns: table.columns.slice(low, high), groups: table.groups.map((group) => ({ ...group, lines: group.lines.map(cut) })) };
  });
  return new Set(pieces.map((piece) => JSON.stringify(piece.columns.map((one) => one.heads.slice(1))))).size === 1 ? pieces : [];
}

function spanning(piece, level, setting) {
  const between = 2 * setting.gap + TEX.room;
  const edges = outer(piece).reduce((sums, count) => [...sums, sums.at(-1) + count], [0]);
  const [cells, rules] = [[], []];
  let first = 0;
  for (const [head, count] of spans(piece.columns, level)) {
    const last = first + count;
    cells.push(`\\multicolumn{${count}}{c}{${tex(head)}}`);
    const left = first && edges.includes(first) ? 0 : setting.gap;
    const right = last === piece.columns.length ? 0 : edges.includes(last) ? between : setting.gap;
    rules.push(`\\cmidrule(l{${left}pt}r{${right}pt}){${first + 2}-${last + 1}}`);
    first = last;
  }
  return [`    & ${cells.join(" & ")} \\\\`, `    ${rules.join("")}`];
}

function headsOf(piece, setting) {
  const heads = piece.columns.map((column) => {
    const parts = broken(column.heading, setting).map(tex);
    parts[parts.length - 1] += column.lower ? "\\,$\\downarrow$" : "";
    return parts.length === 1 ? parts[0] : `\\shortstack[r]{${parts.join(" \\\\ ")}}`;
  });
  return `    Model & ${heads.join(" & ")} \\\\`;
}

function bodyOf(piece, head) {
  return piece.groups.flatMap((group, k) => [
    "    \\midrule",
    ...(head && k === 0 ? [`    \\multicolumn{${piece.columns.length + 1}}{@{}l}{\\emph{${tex(head)}}} \\\\`] : []),
    ...group.lines.map((line) => {
      const name = tex(line.name) + (line.ceiling ? " (ceiling)" : "") + texLetters(line.notes);
      const notes = (line.cells.find((cell) => cell.notes.length) || { notes: [] }).notes;
      const cells = line.span ? [`\\multicolumn{${line.cells.length}}{l@{}}{\\emph{${tex(line.span)}}${texLetters(notes)}}`] : line.cells.map(texCell);
      return `    ${[name, ...cells].join(" & ")} \\\\`;
    }),
  ]);
}

function asLatex(table, width = POINTS) {
  let setting = TEX.settings.find((one) => widthOf(table, one) <= width);
  const blocks = setting ? [] : blocksOf(table);
  const out = [];
  const pieces = blocks.length ? blocks : [table];
  setting = setting || TEX.settings.find((one) => Math.max(...pieces.map((piece) => widthOf(piece, one))) <= width);
  if (!setting) {
    out.push(`% Wider than ${width} points: pick fewer metrics or splits, or set it in table* with --with points=506`);
    setting = TEX.settings.at(-1);
  }
  const form = { best: "\\textbf{Bold}", second: "\\underline{underlined}", better: "+", worse: "−", safe: texProse };
  const first = pieces[0];
  const rows = blocks.length ? blocks.flatMap((piece) => bodyOf(piece, piece.columns[0].heads[0])) : bodyOf(table, "");
  const kinds = blocks.length ? "r".repeat(first.columns.length) : outer(table).map((count) => "r".repeat(count)).join(`@{\\hspace{${2 * setting.gap + TEX.room}pt}}`);
  out.push(
    "\\begin{table}[tbp]", "  \\centering",
    `  \\caption{${[...table.caption.map(texProse), ...meaning(table, form)].join(" ")}}`,
    `  \\label{tab:${PASTE.key}}\\par\\smallskip`,
    `  \\${setting.size}\\setlength{\\tabcolsep}{${setting.gap}pt}\\renewcommand{\\arraystretch}{1.1}`,
    `  \\begin{tabular}{@{}l${kinds}@{}}`, "    \\toprule",
  );
  for (let level = blocks.length ? 1 : 0; level < levels(first) - 1; level += 1) out.push(...spanning(first, level, setting));
  out.push(headsOf(first, setting), ...rows, "    \\bottomrule", "  \\end{tabular}");
  if (table.notes.length) {
    out.push("  \\par\\smallskip", "  \\begin{minipage}{\\linewidth}\\raggedright\\footnotesize");
    for (const one of table.notes) out.push(`    \\textsuperscript{${one.letter}}\\,${texProse(one.text)}\\par`);
    out.push("  \\end{minipage}");
  }
  const body = `${[...out, "\\end{table}"].join("\n")}\n`;
  return TEX.opening + (body.includes("\\benchsuitechar") ? TEX.preamble : "") + body;
}

function md(text) {
  const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;" };
  return [...text].map((c) => entities[c] || ("\\`*_[]{}~$#!^".includes(c) ? `\\${c}` : c)).join("")
    .replace(/(?<![\p{L}\p{N}_])@(?=[\p{L}\p{N}_])/gu, "&#64;")
    .replace(/:(?=[\p{L}\p{N}_+-]+:)/gu, "&#58;")
    .replace(/\b(https?|ftp):(?=\/\/)|\bwww\./gi, (found) => found.replace(":", "&#58;").replace(".", "&#46;"));
}

function asMarkdown(table) {
  const small = (notes) => (notes.length ? `<sup>${notes.join(",")}</sup>` : "");
  const cellOf = (cell) => {
    if (!cell.number) return md(cell.words) + small(cell.notes);
    const number = { best: `**${md(cell.number)}**`, second: `<ins>${md(cell.number)}</ins>` }[cell.mark] || md(cell.number);
    return number + (cell.margin ? ` ±${md(cell.margin)}` : "") + (cell.sign > 0 ? " ▲" : cell.sign < 0 ? " ▼" : "") + small(cell.notes);
  };
  const heads = table.columns.map((column) => column.heads.map(md).join("<br>") + (column.lower ? " ↓" : ""));
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rows = table.groups.flatMap((group) => group.lines.map((one) => line([md(one.name) + (one.ceiling ? " (ceiling)" : "") + small(one.notes), ...one.cells.map(cellOf)])));
  const form = { best: "**Bold**", second: "<ins>underlined</ins>", better: "▲", worse: "▼", safe: md };
  const said = meaning(table, form).join(" ");
  const notes = table.notes.map((one) => `<sup>${one.letter}</sup> ${md(one.text)}`);
  const below = [...(said ? [said] : []), ...notes].join("  \n");
  return `${[table.caption.map(md).join(" "), [line(["Model", ...heads]), line([":---", ...heads.map(() => "---:")]), ...rows].join("\n"), below].filter((part) => part).join("\n\n")}\n`;
}
