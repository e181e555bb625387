for (const query of document.querySelectorAll("details.sql pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = words.copy;
  button.addEventListener("click", () => {
    getSelection().selectAllChildren(query);
    document.execCommand("copy");  // the clipboard object is closed to pages that are opened as files
    button.textContent = words.copied;
  });
  query.before(button);
}
