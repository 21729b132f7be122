#!/usr/bin/env python3
"""Finishes the reference: each function, macro and type of the public headers is found by its name, `man eff_flat_map`
and html/eff_flat_map.html.

doxygen itself makes a page for each header, which stays (as effect_queue.h: queue.h is a name for everybody), and for
each struct; its links from members to these (MAN_LINKS) would claim the names of struct members too, such as
malloc(3). So the man pages are made here, from the XML that doxygen wrote in the same run; in HTML, a name leads to its
place on the page of its header. What doxygen does not check is checked here: parameters of macros and function types,
and that nothing exported is left out.
Usage: tools/reference.py DIRECTORY, which is doxygen's OUTPUT_DIRECTORY.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

TOP = pathlib.Path(__file__).resolve().parent.parent
SECTION = '3'
REDIRECT = '<!DOCTYPE html><title>{0}</title><meta http-equiv="refresh" content="0; url={1}"><a href="{1}">{0}</a>\n'
BUILDER = re.compile(r'\b(eff_\w+)_at\(eff_site_t site')


def escape(text):
    """Plain text as roff."""
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return re.sub(r"^([.'])", r'\\&\1', text, flags=re.M)


def plain(node):
    """All text below a node, which may be missing."""
    return re.sub(r'\s+', ' ', ''.join(node.itertext())).strip() if node is not None else ''


class Text:
    """What a description says, as roff; its parameters, result and references apart."""

    def __init__(self, *nodes):
        self.lines, self.params, self.returns, self.see = [], [], '', []
        for node in nodes:
            for para in node if node is not None else []:
                self.paragraph(para)

    def paragraph(self, para):
        """A paragraph: running text, broken by lists, code and sections."""
        run = [self.inline(para.text)]
        for child in para:
            if child.tag in ('itemizedlist', 'orderedlist', 'programlisting', 'verbatim', 'parameterlist', 'simplesect',
                             'table', 'para'):
                self.flush(run)
                run = []
                getattr(self, child.tag)(child)
            else:
                run.append(self.span(child))
            run.append(self.inline(child.tail))
        self.flush(run)

    def flush(self, run):
        """Ends running text."""
        text = re.sub(r'\s+', ' ', ''.join(run)).strip()
        if text:
            self.lines += ['.PP', re.sub(r"^([.'])", r'\\&\1', text)]

    @staticmethod
    def inline(text):
        return (text or '').replace('\\', '\\e').replace('-', '\\-')

    def span(self, node):
        """Words in another font."""
        inner = self.inline(node.text) + ''.join(self.span(c) + self.inline(c.tail) for c in node)
        if node.tag in ('computeroutput', 'bold'):
            return f'\\fB{inner}\\fP'
        if node.tag == 'emphasis':
            return f'\\fI{inner}\\fP'
        return {'mdash': '\\(em', 'ndash': '\\(en', 'nonbreakablespace': '\\ '}.get(node.tag, inner)

    def itemizedlist(self, node):
        for item in node:
            first = len(self.lines)
            for para in item:
                self.paragraph(para)
            self.lines[first:first + 1] = ['.IP \\(bu 2']

    orderedlist = itemizedlist

    def code(self, text):
        self.lines += ['.PP', '.in +4n', '.nf', escape(text.rstrip('\n')), '.fi', '.in']

    def programlisting(self, node):
        for blank in node.iter('sp'):
            blank.text = ' '
        self.code('\n'.join(''.join(line.itertext()) for line in node))

    def verbatim(self, node):
        self.code(node.text)

    def para(self, node):
        self.paragraph(node)

    def table(self, node):
        rows = [[plain(entry) for entry in row] for row in node]
        widths = [max(map(len, column)) for column in zip(*rows)]
        self.code('\n'.join('  '.join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows))

    def parameterlist(self, node):
        for item in node:
            names = ', '.join(plain(name) for name in item.find('parameternamelist'))
            self.params.append((names, plain(item.find('parameterdescription'))))

    def simplesect(self, node):
        if node.get('kind') == 'return':
            self.returns = plain(node)
        elif node.get('kind') == 'see':
            self.see += re.findall(r'\b(?:eff|EFF)_\w+', plain(node))
        else:
            self.lines += ['.PP', f'\\fB{plain(node.find("title"))}\\fP']
            for para in node.findall('para'):
                self.paragraph(para)


def tidy(declaration):
    """C as the headers have it, from doxygen's way of putting blanks."""
    declaration = re.sub(r' ?(\*+) ?', r' \1', re.sub(r'\s+', ' ', declaration))
    declaration = declaration.replace('( *', '(*').replace(') (', ')(').replace(',...', ', ...')
    return re.sub(r'(\w)\(\*', r'\1 (*', declaration).strip()


def declaration(member):
    """The declaration of a function, variable or type, or the use of a macro."""
    name, args = member.findtext('name'), member.findtext('argsstring') or ''
    if member.get('kind') == 'define':
        params = [p.findtext('defname') or '' for p in member.findall('param')]
        return f'{name}({", ".join(params)})' if params else name
    if member.get('kind') == 'enum':
        values = ',\n'.join(f'    {v.findtext("name")}' for v in member.findall('enumvalue'))
        return f'enum {name} {{\n{values}\n}};'
    whole = member.findtext('definition')
    return tidy(whole if args.startswith(')') else whole + args) + ';'


def undocumented(member):
    """The parameters of a macro or function type that are not documented; those of functions, doxygen has checked."""
    if member.get('kind') == 'typedef':
        names = re.findall(r'(\w+)(?=,|\)$)', (member.findtext('argsstring') or '').lstrip(')').replace('(void)', ''))
    else:
        names = [param.findtext('defname') or '' for param in member.findall('param')]
    documented = {name.text for name in member.iter('parametername')}
    return [name for name in names if name and name not in documented]


def wrapped(text, width=76):
    """A long declaration over several lines, parameters aligned."""
    if len(text) <= width or '\n' in text or '(' not in text:
        return text
    column = text.index('(', text.index('(*') + 1 if '(*' in text and text.startswith('typedef') else 0) + 1
    lines, line = [], text[:column]
    for part in re.split(r'(?<=,) ', text[column:]):
        if len(line) + len(part) > width and line.strip() and len(line) > column:
            lines.append(line.rstrip())
            line = ' ' * column
        line += part + ' '
    return '\n'.join(lines + [line.rstrip()])


class Pages:
    """The pages, beside doxygen's."""

    def __init__(self, output):
        self.directory, self.html = output / 'man' / f'man{SECTION}', output / 'html'
        self.version = re.search(r'EFF_VERSION "(.*)"', (TOP / 'include/effect/base.h').read_text()).group(1)
        self.n, self.undocumented = 0, []
        for page in list(self.directory.glob(f'*.{SECTION}')):
            if not page.name.endswith(f'.h.{SECTION}'):
                page.unlink()
            elif not page.name.startswith('effect_'):
                page.rename(page.with_name(f'effect_{page.name}'))
        trees = [(path, xml.parse(path).getroot()[0]) for path in sorted((output / 'xml').glob('*.xml'))]
        headers = [tree for path, tree in trees if path.name.endswith('_8h.xml')]
        self.examples = {}  # of a member's id, which examples use it
        for tree in [tree for path, tree in trees if path.name.endswith('-example.xml')]:
            for refid in {ref.get('refid') for ref in tree.iter('ref')}:
                self.examples.setdefault(refid, []).append(tree.findtext('compoundname'))
        structs = {tree.get('id'): tree for path, tree in trees if path.name.startswith('struct')}
        members = [(header.findtext('compoundname'), m) for header in headers for m in header.iter('memberdef')]
        self.types = {m.findtext('name'): declaration(m) for _, m in members if m.get('kind') == 'typedef'}
        for header, member in members:
            self.member(header, member)
        for header in headers:
            for inner in header.iter('innerclass'):
                self.struct(header.findtext('compoundname'), structs[inner.get('refid')])

    def write(self, name, text):
        (self.directory / f'{name}.{SECTION}').write_text(text)
        self.n += 1

    def link(self, name, to):
        self.write(name, f'.so man{SECTION}/{to}.{SECTION}\n')
        (self.html / f'{name}.html').write_text((self.html / f'{to}.html').read_text())

    def page(self, name, header, synopsis, node, fields):
        """A page about a node of the XML. Fields: what a struct or an enum has, as (name, description)."""
        brief, text = plain(node.find('briefdescription')), Text(node.find('detaileddescription'))
        if not brief:
            return
        lines = [f'.TH {name} {SECTION} "" "libeffect {self.version}" "libeffect"', '.SH NAME',
                 f'{name} \\- {escape(brief.rstrip("."))}', '.SH SYNOPSIS', '.nf', f'#include <effect/{header}>', '.PP',
                 escape('\n'.join(synopsis)), '.fi', '.SH DESCRIPTION', escape(brief)]
        lines += text.lines[1:] if text.lines[:1] == ['.PP'] and text.lines[1][0] != '.' else text.lines
        of_fields = 'VALUES' if node.get('kind') == 'enum' else 'FIELDS'
        for title, items in (('PARAMETERS', text.params), (of_fields, fields)):
            lines += [f'.SH {title}'] * bool(items)
            for item, what in items:
                lines += ['.TP', f'\\fI{escape(item)}\\fP', escape(what)]
        if text.returns:
            lines += ['.SH RETURN VALUE', escape(text.returns)]
        used = self.examples.get(node.get('id'), [])
        if used:
            lines += ['.SH EXAMPLES', 'In examples/: ' + ', '.join(used)]
        see = sorted({s for s in text.see if s != name}) + [f'effect_{h}' for h in dict.fromkeys([header, 'base.h'])]
        lines += ['.SH SEE ALSO', ' ,\n'.join(f'.BR {s} ({SECTION})' for s in see)]
        self.write(name, '\n'.join(lines) + '\n')
        page, _, anchor = node.get('id').rpartition('_1') if node.tag == 'memberdef' else (node.get('id'), '', '')
        (self.html / f'{name}.html').write_text(REDIRECT.format(name, f'{page}.html#{anchor}'.rstrip('#')))

    def member(self, header, member):
        name, kind = member.findtext('name'), member.get('kind')
        if not re.match(r'(eff|EFF)_', name) or name in ('eff_type_t', 'eff_value_t', 'eff_buffer_t', 'eff_exit_t'):
            return
        self.undocumented += [f'{name}({param})' for param in undocumented(member)]
        synopsis = [wrapped(declaration(member))]
        is_builder = kind == 'function' and name in BUILDER.findall((TOP / 'include/effect' / header).read_text())
        if is_builder:
            at = synopsis[0].replace(f'{name}(', f'{name}_at(eff_site_t site, ').replace('site, void)', 'site)')
            synopsis.append(wrapped(re.sub(r'\n +', ' ', at)))
        used = re.findall(r'\beff_\w+_fn\b', synopsis[0]) if kind == 'function' else []
        synopsis += [''] * bool(used) + [wrapped(self.types[t]) for t in dict.fromkeys(used) if t in self.types]
        values = [(v.findtext('name'), plain(v.find('briefdescription'))) for v in member.findall('enumvalue')]
        self.page(name, header, synopsis, member, values)
        if is_builder:
            self.link(f'{name}_at', name)
        for value, _ in values:
            self.link(value, name)

    def link_types(self):
        """What EFF_DECLARE_API_TYPE generates: told where the type is."""
        for header in sorted((TOP / 'include/effect').glob('*.h')):
            for name in re.findall(r'^EFF_DECLARE_API_TYPE\(EFF_API, (\w+),', header.read_text(), re.M):
                for what in ('of', 'value', 'make', 'incref', 'decref', 'take', 'into_at'):
                    self.link(f'{name}_{what}', f'{name}_type')

    def missing(self, symbols):
        """What is exported (names with two underscores are not for users), or an example, and has no page."""
        names = [name for name in re.findall(r'^\S+ (eff_\w+)$', symbols, re.M) if '__' not in name]
        examples = [path.name for path in sorted((TOP / 'examples').glob('[0-9]*.c'))]
        return [n for n in names if not (self.directory / f'{n}.{SECTION}').exists()] + \
               [n for n in examples if not (self.html / f'{n[:-2]}_8c-example.html').exists()]

    def struct(self, header, node):
        """A struct: its fields come one by one, since the XML does not say which of them share a union."""
        tag = node.findtext('compoundname')
        name = tag if tag.endswith('_t') else f'{tag}_t'
        fields = []
        for member in node.iter('memberdef'):
            if '@' not in member.findtext('name'):
                what = plain(member.find('briefdescription')) + ' ' + plain(member.find('detaileddescription'))
                fields.append((re.sub(r'\w+::', '', declaration(member)), what.strip()))
        self.page(name, header, [f'typedef struct {re.sub("_t$", "", tag)} {name};'], node, fields)


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    pages = Pages(pathlib.Path(sys.argv[1]))
    pages.link_types()
    missing = pages.missing((TOP / 'tools/symbols.txt').read_text())
    if pages.undocumented:
        sys.exit(f'parameters without documentation: {" ".join(pages.undocumented)}')
    if missing:
        sys.exit(f'not in the reference (an example is listed in docs/examples.dox): {" ".join(missing)}')
    print(f'{pages.n} names')
