import { serve } from "./serve.mjs";

const port: number = Number(process.env.PORT);
serve(port);
