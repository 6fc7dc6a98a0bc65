/** The page at /docs: what the server says of its API at /openapi.json, to be read and tried. */
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

// Without a validator: it is somebody else's, and would be asked by each reader's browser.
SwaggerUI({ url: "/openapi.json", dom_id: "#api", validatorUrl: null });
