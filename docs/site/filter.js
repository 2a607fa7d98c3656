// A field above the tables of the model zoo that leaves the rows with all its words.
document.addEventListener('DOMContentLoaded', () => {
  const title = document.querySelector('h1');
  if (!title || !title.textContent.startsWith('Model zoo')) return;
  const field = document.createElement('input');
  field.type = 'search';
  field.className = 'table-filter';
  field.placeholder = 'words that a row has, such as: r50 coco';
  field.setAttribute('aria-label', 'filter the tables');
  title.after(field);
  field.addEventListener('input', () => {
    const words = field.value.toLowerCase().split(/\s+/);
    for (const row of document.querySelectorAll('article tbody tr')) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
  });
});
