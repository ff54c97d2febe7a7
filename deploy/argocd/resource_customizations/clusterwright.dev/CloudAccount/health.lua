-- How an object of clusterwright.dev stands. Its operator always publishes Ready, and Reconciling or Stalled only while
-- they hold, so that no list of reasons is needed here: a new reason is read as its conditions say.
local health = { status = "Progressing", message = "Waiting for clusterwright to look at this manifest." }

-- Conditions that were published before the last edit say nothing about it.
if obj.status == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

for _, condition in ipairs(obj.status.conditions or {}) do
  if condition.status == "True" and condition.type == "Stalled" then
    -- Degraded ends a sync. Whoever set the annotation that pauses a manifest does not want that; waves wait all the same.
    health.status = condition.reason == "Paused" and "Suspended" or "Degraded"
    health.message = condition.message
    return health
  end
  if condition.type == "Ready" then
    health.status = condition.status == "True" and "Healthy" or "Progressing"
    health.message = condition.message
  end
end
return health
