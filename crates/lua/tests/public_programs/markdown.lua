-- needs: markdown
local result = require 'markdown'
local markdown = type(result) == 'function' and result or _G.markdown
if type(markdown) == 'table' then markdown = markdown.markdown end
local text = [==[
Title
=====

Second *emphasis* and **strong** with `code <b>` and a [link](http://example.com "Title") and ![image](a.png).

## A heading ##

* item one
* item two
    * nested
* item three

1. first
2. second

> quoted text
> over lines
>
> > nested quote

    code block
      indented <tag>

Line with two spaces  
break. Auto <http://example.com/> and <me@example.com> &amp; & < > escapes \* \_ \`.

[ref]: http://example.org/ "Reference"
See [the ref][ref] and [ref].

---

<div>raw *html*</div>

Final paragraph with __strong__ and _emphasis_ and ***both***.
]==]
math.randomseed(1)
print((markdown(text):gsub('&#%w+;', '&;'))) print(markdown('')) print(markdown('plain')) print(#markdown(text:rep(5)))
