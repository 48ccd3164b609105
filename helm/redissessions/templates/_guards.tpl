{{/* Refuses values that contradict each other, or what the cluster has: each message names the way out. */}}
{{- define "redissessions.guard" -}}
{{- $v := .Values }}
{{- $replicas := include "redissessions.replicas" . | int }}
{{- if and $v.autoscaling.enabled (not (kindIs "invalid" $v.replicaCount)) }}
{{- fail "replicaCount and autoscaling.enabled contradict each other: leave out replicaCount, or turn the autoscaler off" }}
{{- end }}
{{- if and $v.autoscaling.enabled (gt ($v.autoscaling.minReplicas | int) ($v.autoscaling.maxReplicas | int)) }}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas" }}
{{- end }}
{{- if and $v.autoscaling.enabled (not (dig "requests" "cpu" "" $v.resources)) }}
{{- fail "autoscaling.enabled needs resources.requests.cpu: its target is a percentage of that" }}
{{- end }}
{{- if eq $v.session.store "memory" }}
{{- if and (or $v.autoscaling.enabled (gt $replicas 1)) (not $v.session.iKnowThisLosesSessions) }}
{{- fail "session.store=memory with more than one instance loses sessions: use another store, replicaCount=1, or set session.iKnowThisLosesSessions=true to confirm that it is intended" }}
{{- end }}
{{- else if and (not $v.redis.enabled) (not $v.externalRedis.nodes) (not $v.cloudFoundry.existingSecret) }}
{{- fail "session.store needs a Redis: set redis.enabled=true, or name one in externalRedis.nodes" }}
{{- end }}
{{- if and $v.redis.enabled $v.externalRedis.nodes }}
{{- fail "redis.enabled and externalRedis.nodes contradict each other: set redis.enabled=false to use your own Redis, or leave out externalRedis.nodes" }}
{{- end }}
{{- if and (eq $v.externalRedis.mode "sentinel") $v.externalRedis.nodes (not $v.externalRedis.sentinelName) }}
{{- fail "externalRedis.mode=sentinel needs externalRedis.sentinelName" }}
{{- end }}
{{- $durability := include "redissessions.durability" . }}
{{- $replicated := include "redissessions.replicated" . }}
{{- if and $v.redis.enabled (hasPrefix "replicas:" $durability) (not $replicated) }}
{{- fail (printf "redis.durability=%s waits for replicas that redis.mode=standalone doesn't have, so no visit would be acknowledged: use redis.mode=sentinel, or redis.durability=disk" $durability) }}
{{- end }}
{{- if and (not $v.redis.enabled) (or $v.externalRedis.tls.enabled $v.externalRedis.tls.existingSecret $v.externalRedis.tls.clientSecret) (not $v.externalRedis.nodes) }}
{{- fail "externalRedis.tls needs externalRedis.nodes, which names the Redis to connect to" }}
{{- end }}
{{- if and $replicated $v.cloudFoundry.enabled (not $v.cloudFoundry.existingSecret) }}
{{- fail "cloudFoundry.enabled binds one Redis, and VCAP_SERVICES can't name the three of redis.mode=sentinel: use redis.mode=standalone, or turn Cloud Foundry's environment off" }}
{{- end }}
{{- if and $v.redis.enabled (eq $durability "disk") (not $v.redis.persistence.enabled) }}
{{- fail "redis.durability=disk promises what redis.persistence.enabled=false can't keep: turn persistence on, or use redis.durability=primary" }}
{{- end }}
{{- if and $v.cloudFoundry.enabled (not $v.cloudFoundry.existingSecret) }}
{{- if not $v.redis.enabled }}
{{- fail "cloudFoundry.enabled with an external Redis needs cloudFoundry.existingSecret, whose key VCAP_SERVICES binds it" }}
{{- end }}
{{- if $v.redis.existingSecret }}
{{- fail "cloudFoundry.enabled with redis.existingSecret needs cloudFoundry.existingSecret, too: the chart doesn't know the password for VCAP_SERVICES" }}
{{- end }}
{{- end }}
{{- if and $v.ingress.enabled $v.ingress.tls.enabled (not $v.ingress.host) }}
{{- fail "ingress.tls.enabled needs ingress.host, the name that the certificate is for" }}
{{- end }}
{{- if and $v.httpRoute.enabled (not $v.httpRoute.parentRefs) }}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs: the Gateway that takes the route" }}
{{- end }}
{{- if and (ne $v.service.type "NodePort") (not (kindIs "invalid" $v.service.nodePort)) }}
{{- fail "service.nodePort needs service.type=NodePort" }}
{{- end }}
{{- if and (eq $v.service.type "ClusterIP") $v.service.externalTrafficPolicy }}
{{- fail "service.externalTrafficPolicy needs service.type=NodePort or LoadBalancer" }}
{{- end }}
{{- if and (ne $v.service.type "LoadBalancer") (or $v.service.loadBalancerClass $v.service.loadBalancerSourceRanges) }}
{{- fail "service.loadBalancerClass and service.loadBalancerSourceRanges need service.type=LoadBalancer" }}
{{- end }}
{{- if and (eq $v.externalRedis.mode "cluster") $v.externalRedis.nodes (gt ($v.externalRedis.database | int) 0) }}
{{- fail "externalRedis.mode=cluster has only database 0: leave out externalRedis.database, or use externalRedis.keyPrefix" }}
{{- end }}
{{- $needed := add $v.drainSeconds 2 (div (add ($v.session.deadlineMs | int) 999) 1000) }}
{{- if le ($v.terminationGracePeriodSeconds | int) ($needed | int) }}
{{- fail (printf "terminationGracePeriodSeconds must be more than %d (drainSeconds, session.deadlineMs and 2 s): requests in flight would be cut" $needed) }}
{{- end }}
{{- if and $v.redis.persistence.existingClaim $replicated }}
{{- fail "redis.persistence.existingClaim is one volume, and redis.mode=sentinel needs six: leave it out, or use redis.mode=standalone" }}
{{- end }}
{{- with dig "limits" "memory" "" $v.redis.resources }}
{{- if le (include "redissessions.bytes" . | float64) (include "redissessions.bytes" $v.redis.maxmemory | float64) }}
{{- fail (printf "redis.maxmemory=%s does not fit into redis.resources.limits.memory=%v: Redis would be killed before it is full. Use at most half of the limit" $v.redis.maxmemory .) }}
{{- end }}
{{- end }}
{{- range $path, $labels := dict "podLabels" $v.podLabels "commonLabels" $v.commonLabels "redis.podLabels" $v.redis.podLabels }}
{{- range list "name" "instance" "component" }}
{{- if hasKey $labels (printf "app.kubernetes.io/%s" .) }}
{{- fail (printf "%s can't set app.kubernetes.io/%s, by which Services find the pods: use another label (or nameOverride)" $path .) }}
{{- end }}
{{- end }}
{{- end }}
{{- include "redissessions.guard.existing" . }}
{{- end }}

{{/* What Kubernetes doesn't let an upgrade change would stop it half-way, after some objects were applied already. Without a cluster
     (helm template, GitOps) there is nothing to look at. */}}
{{- define "redissessions.guard.existing" -}}
{{- $name := include "redissessions.fullname" . }}
{{- $persistence := .Values.redis.persistence }}
{{- $found := lookup "apps/v1" "Deployment" .Release.Namespace $name | default dict }}
{{- $label := dig "spec" "selector" "matchLabels" "app.kubernetes.io/name" "" $found }}
{{- if and $label (ne $label (include "redissessions.name" .)) }}
{{- fail (printf "nameOverride would change the labels by which the Deployment %s finds its pods, and Kubernetes refuses that: install another release, or keep the name %s" $name $label) }}
{{- end }}
{{- $sets := dict }}
{{- if .Values.redis.enabled }}{{ $_ := set $sets "redis" (dict "value" "redis.persistence.size" "size" $persistence.size) }}{{ end }}
{{- if include "redissessions.replicated" . }}{{ $_ := set $sets "sentinel" (dict "value" "redis.sentinel.storage" "size" .Values.redis.sentinel.storage) }}{{ end }}
{{- range $component, $new := $sets }}
{{- $set := printf "%s-%s" $name $component }}
{{- $found := lookup "apps/v1" "StatefulSet" $.Release.Namespace $set | default dict }}
{{- if $found }}
{{- $changed := list }}
{{- $claims := dig "spec" "volumeClaimTemplates" list $found }}
{{- $kept := and $persistence.enabled (not (and (eq $component "redis") $persistence.existingClaim)) }}
{{- if ne (empty $claims) (not $kept) }}
{{- $changed = append $changed (printf "%s volumes (redis.persistence.enabled, .existingClaim)" (empty $claims | ternary "no" "its own")) }}
{{- else if $kept }}
{{- $claim := first $claims }}
{{- $size := dig "spec" "resources" "requests" "storage" "" $claim }}
{{- if ne (include "redissessions.bytes" $size) (include "redissessions.bytes" $new.size) }}
{{- $changed = append $changed (printf "%s=%s" $new.value $size) }}
{{- end }}
{{- $wanted := include "redissessions.volumeClaim" (list $ $component $new.size) | fromYamlArray | first }}
{{- if ne (get $claim.spec "storageClassName" | toString) (get $wanted.spec "storageClassName" | toString) }}
{{- $changed = append $changed (printf "redis.persistence.storageClass=%s" (get $claim.spec "storageClassName" | toString | quote)) }}
{{- end }}
{{- if ne (toJson $claim.spec.accessModes) (toJson $wanted.spec.accessModes) }}
{{- $changed = append $changed (printf "redis.persistence.accessModes=%s" (toJson $claim.spec.accessModes)) }}
{{- end }}
{{- if ne (dig "metadata" "annotations" dict $claim | toJson) (dig "metadata" "annotations" dict $wanted | toJson) }}
{{- $changed = append $changed "other redis.persistence.annotations" }}
{{- end }}
{{- end }}
{{- with $changed }}
{{- fail (printf "Kubernetes doesn't let an upgrade change the volumes of the StatefulSet %s, which has %s. Keep these values; or delete the StatefulSet alone (its pods and volumes stay) and upgrade again:\n  kubectl --namespace %s delete statefulset %s --cascade=orphan\nThe new one takes over the pods and the volumes that exist. A volume grows by its own claim: docs/kubernetes.md, \"More room for Redis\"" $set (join ", " .) $.Release.Namespace $set) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
