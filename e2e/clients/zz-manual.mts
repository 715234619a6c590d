import { openClientsBed } from "./operator-clients.ts";
import { clusterLocation } from "#e2e/cluster/location.ts";
import { startService, stopService } from "#e2e/cluster/openstack/faults.ts";
const bed = await openClientsBed("t-manual"); const p = await bed.createProject("one"); const b = bed.cloud.project(p.id).barbican;
const id = await b.secrets.create({name:"x",secretType:"opaque"});
const ask = async (l: string) => { for (const [n,f] of [["barbican get",()=>b.secrets.get(id)],["keystone get",()=>bed.cloud.keystone().projects.get(p.id)]] as const) { const t=performance.now(); const r = await f().then((x)=>x===undefined?"UNDEFINED":"ok",(e: Error)=>e.message.slice(0,220)+" "+(e as {kind?:string}).kind); console.log(l,"|",n,"|",r,Math.round(performance.now()-t),"ms"); } };
await ask("all up");
for (const s of ["memcached","barbican","keystone","postgres"] as const) { await stopService(clusterLocation(), s); await ask(`${s} away`); if (s==="keystone") { await new Promise(r=>setTimeout(r,11000)); await ask("keystone away 11 s"); } await startService(clusterLocation(), s); await ask(`${s} back`); await ask(`${s} back again`); }
await bed.close();
