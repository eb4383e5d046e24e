import { serve } from "./serve.mjs";

serve(Number(process.argv[2] ?? process.env.PORT));
