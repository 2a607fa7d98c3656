// Browsers start no worker for a page that is opened as a file: an iframe does its work.
// The search of the site looks for the name IFrameWorker.
if (location.protocol === 'file:') {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement('iframe');
      frame.hidden = true;
      document.body.append(frame);
      this.inside = frame.contentWindow;
      frame.answer = (data) => this.dispatchEvent(new MessageEvent('message', {data}));
      this.ready = new Promise((resolve) => { frame.ready = resolve; });
      this.inside.document.open();
      this.inside.document.write(
        '<script>var postMessage = (data) => frameElement.answer(data)<\/script>' +
        `<script src="${url}" onload="frameElement.ready()"><\/script>`);
      this.inside.document.close();
    }

    postMessage(data) {
      const {inside} = this;
      this.ready.then(() => inside.dispatchEvent(new inside.MessageEvent('message', {data})));
    }
  };
  window.Worker = window.IFrameWorker;
}
