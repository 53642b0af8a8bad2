using System.Net;
using k8s.Models;

namespace RegistryProxy.Clustering.Kubernetes.Membership;

/// <summary>
/// The pods that are made as this one is, by the labels that say what it is a part of: once it has found itself nothing else of its
/// namespace is listed, which may hold thousands of pods, each of many kilobytes.
/// </summary>
internal sealed class SiblingPods(ApiServer api)
{
    private const int PageSize = 250;

    /// <summary>The most pages of one look: 100,000 pods.</summary>
    private const int MaxPages = 400;

    /// <summary>The most bytes of one look, over all pages: thousands of pods, each of ten kilobytes or more.</summary>
    private const long MaxBytes = 256 * 1024 * 1024;

    /// <summary>Kubernetes, "Recommended labels".</summary>
    private static readonly string[] Recommended =
        ["app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"];

    private string? _selector;

    /// <summary>Takes the addresses of pods, of every family, out of what is missing.</summary>
    /// <param name="missing">Whose pods are looked for.</param>
    /// <param name="own">The address of this silo.</param>
    /// <param name="cancellation">Ends the look.</param>
    /// <exception cref="InvalidDataException">The listing does not end, and says nothing about who is missing.</exception>
    public async Task Find(HashSet<IPAddress> missing, IPAddress own, CancellationToken cancellation)
    {
        // One look is of one question: the server tells how a listing goes on for the labels alone that it began with.
        var (selector, found) = (_selector, _selector);
        var (next, bytes) = ((string?)null, 0L);
        for (var page = 0; page < MaxPages && bytes <= MaxBytes; page++)
        {
            using var answer = await api.Client.CoreV1.ListNamespacedPodWithHttpMessagesAsync(
                api.Namespace, labelSelector: selector, limit: PageSize, continueParameter: next, cancellationToken: cancellation);
            bytes += answer.Response.Content.Headers.ContentLength ?? 0;
            var pods = answer.Body;
            foreach (var pod in pods.Items)
            {
                found = Take(pod, missing, own) ?? found;
            }

            next = pods.Metadata?.ContinueProperty;
            if (missing.Count == 0 || string.IsNullOrEmpty(next))
            {
                // Somebody changed the labels of this pod: the next look is for all again.
                _selector = missing.Contains(own) ? null : found;
                return;
            }
        }

        throw new InvalidDataException(
            $"the API server's listing of pods in {api.Namespace} goes on after {MaxPages} pages or {MaxBytes} bytes");
    }

    /// <summary>The labels of this silo's pod, when it is that one; <c>null</c> otherwise.</summary>
    private static string? Take(V1Pod pod, HashSet<IPAddress> missing, IPAddress own)
    {
        var isOwn = false;
        foreach (var text in (pod.Status?.PodIPs ?? []).Select(address => address.Ip).Append(pod.Status?.PodIP))
        {
            isOwn |= IPAddress.TryParse(text, out var address) && missing.Remove(address) && address.Equals(own);
        }

        var known = isOwn ? pod.Metadata?.Labels ?? new Dictionary<string, string>() : null;
        return known is null ? null
            : string.Join(',', Recommended.Where(known.ContainsKey).Select(label => $"{label}={known[label]}"));
    }
}
