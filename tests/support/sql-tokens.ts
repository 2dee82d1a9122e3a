/** Reads one quoted token whose only escape is the doubled quote (standard SQL). Throws when the text is not exactly one. */
export function doubledQuotes(open: string, close = open): (token: string) => string {
  return (token) => {
    if (!token.startsWith(open)) throw new Error(`no token that begins with ${open}: ${token}`);
    let text = '';
    let at = open.length;
    for (;;) {
      const end = token.indexOf(close, at);
      if (end === -1) throw new Error(`a token without an end: ${token}`);
      text += token.slice(at, end);
      at = end + close.length;
      if (!token.startsWith(close, at)) break;
      text += close;
      at += close.length;
    }
    if (at !== token.length) throw new Error(`more than one token: ${token}`);
    return text;
  };
}
