using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Models;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>
/// Reads and patches the resource of the cluster. Every read is of the latest state; every patch holds for this cluster alone.
/// </summary>
internal sealed class ClusterResourceStore(ApiServer api, IOptions<ClusterOptions> cluster, TimeProvider time)
{
    /// <summary>
    /// The API server applies a patch again a few times when others write meanwhile; then it says 409, and it is for us to ask again.
    /// </summary>
    private const int Tries = 8;

    private readonly string _name = $"{cluster.Value.ServiceId}-{cluster.Value.ClusterId}".ToLowerInvariant();

    /// <summary>The resource; <c>null</c> when there is none.</summary>
    public async Task<ClusterSpec?> Find(CancellationToken cancellation)
    {
        try
        {
            var resource = await api.Client.CustomObjects.GetNamespacedCustomObjectAsync<ClusterResource>(
                ClusterResource.Group, ClusterResource.Version, api.Namespace, ClusterResource.Plural, _name, cancellation);
            return resource.Spec.ClusterId == cluster.Value.ClusterId && resource.Spec.ServiceId == cluster.Value.ServiceId
                ? resource.Spec
                : throw new OrleansConfigurationException(
                    $"the resource {_name} belongs to {resource.Spec.ServiceId}/{resource.Spec.ClusterId}");
        }
        catch (HttpOperationException fault) when (fault.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <exception cref="OrleansException">There is no such resource: never taken for an empty table.</exception>
    public async Task<ClusterSpec> Read(CancellationToken cancellation) =>
        await Find(cancellation) ?? throw new OrleansException($"there is no {ClusterResource.Plural} {api.Namespace}/{_name}");

    /// <summary>Creates the resource, unless somebody else did.</summary>
    public async Task Create(CancellationToken cancellation)
    {
        var resource = new ClusterResource
        {
            Metadata = new V1ObjectMeta { Name = _name },
            Spec = new ClusterSpec { ServiceId = cluster.Value.ServiceId, ClusterId = cluster.Value.ClusterId },
        };
        try
        {
            await api.Client.CustomObjects.CreateNamespacedCustomObjectAsync<ClusterResource>(
                resource, ClusterResource.Group, ClusterResource.Version, api.Namespace, ClusterResource.Plural,
                cancellationToken: cancellation);
        }
        catch (HttpOperationException fault) when (fault.Response.StatusCode == HttpStatusCode.Conflict)
        {
            // Created by another silo in the meantime.
        }
    }

    public async Task Delete(CancellationToken cancellation)
    {
        try
        {
            await api.Client.CustomObjects.DeleteNamespacedCustomObjectAsync<object>(
                ClusterResource.Group, ClusterResource.Version, api.Namespace, ClusterResource.Plural, _name,
                cancellationToken: cancellation);
        }
        catch (HttpOperationException fault) when (fault.Response.StatusCode == HttpStatusCode.NotFound)
        {
            // Gone already.
        }
    }

    /// <summary>Applies all operations or none (RFC 6902).</summary>
    public async Task<PatchOutcome> Patch(IEnumerable<PatchOperation> operations, CancellationToken cancellation)
    {
        var patch = new V1Patch(
            JsonSerializer.Serialize(
                (PatchOperation[])[new PatchOperation("test", "/spec/clusterId", cluster.Value.ClusterId), .. operations]),
            V1Patch.PatchType.JsonPatch);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await api.Client.CustomObjects.PatchNamespacedCustomObjectAsync<ClusterResource>(
                    patch, ClusterResource.Group, ClusterResource.Version, api.Namespace, ClusterResource.Plural, _name,
                    cancellationToken: cancellation);
                return PatchOutcome.Applied;
            }
            catch (HttpOperationException fault) when (fault.Response.StatusCode == HttpStatusCode.UnprocessableEntity)
            {
                return PatchOutcome.Refused;
            }
            catch (HttpOperationException fault) when (fault.Response.StatusCode == HttpStatusCode.Conflict)
            {
                if (attempt == Tries)
                {
                    return PatchOutcome.Contended;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(5, 20 << attempt)), time, cancellation);
            }
        }
    }
}
