// In the browser: shows the server's OpenAPI document, and asks for a token where it needs one.
// A token is kept in this page only and goes when it is left.

const form = document.querySelector("#ask");
const problem = document.querySelector("#problem");

function show(spec, token) {
  form.hidden = true;
  const ui = SwaggerUIBundle({
    spec,
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    defaultModelsExpandDepth: 0,
    // Nothing is sent elsewhere to be judged.
    validatorUrl: null,
    onComplete() {
      if (token !== "") ui.preauthorizeApiKey("token", token);
    },
  });
}

async function open(token) {
  const headers = token === "" ? {} : { Authorization: `Bearer ${token}` };
  const response = await fetch("/swagger/json", { headers });
  const body = await response.json();
  problem.textContent =
    response.ok || (token === "" && response.status === 401) ? "" : body.error.message;
  if (response.ok) show(body, token);
  else form.hidden = false;
}

function openOrTell(token) {
  open(token).catch(() => {
    problem.textContent = "The document could not be loaded; reload the page to try again.";
  });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  openOrTell(form.querySelector("input").value.trim());
});

openOrTell("");
