// Which theme the reader chose; the page is drawn after this.
document.documentElement.classList.replace("no-js", "js");
document.body.dataset.theme = localStorage.getItem("theme") || "auto";
