using System.Text.RegularExpressions;
using Grpc.Core;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Sessions;

namespace RegistryProxy.NodeAgent.Images.Pulls;

/// <summary>
/// Failures in the words that kubelet understands: code Unknown, whose bare message it shows; the prefix <c>RegistryUnavailable</c> where
/// trying again will help (cri-api, pkg/errors). The words of who failed stand at the end, untouched.
/// </summary>
internal static partial class PullFailure
{
    /// <summary>A pull that the runtime or the registry failed.</summary>
    public static RpcException Of(string image, string words) => Failure(IsOutage(words), $"failed to pull image \"{image}\": {words}");

    /// <summary>A pull for which there is no session.</summary>
    public static RpcException Of(string image, string door, RegistryFailure failure) => failure.Kind switch
    {
        FailureKind.Unavailable => Failure(true, $"failed to pull image \"{image}\": no session at {door}: {failure.Message}"),
        FailureKind.Refused =>
            Failure(false, $"failed to pull image \"{image}\": {door} refused the identity of this node: {failure.Message}"),
        _ => Failure(false, $"failed to pull image \"{image}\": this node cannot prove its identity to {door}: {failure.Message}"),
    };

    /// <summary>
    /// Whether a registry is out of reach or overloaded, rather than saying no. Runtimes tell the two apart by words alone.
    /// </summary>
    public static bool IsOutage(string words) => Outage().IsMatch(words);

    /// <summary>Whether the registry did not believe the credential, rather than refusing what was asked with it.</summary>
    /// <param name="words">What the runtime says.</param>
    /// <param name="reference">The image; its own name says nothing about that.</param>
    public static bool IsUnauthorized(string words, string reference) => Unauthorized().IsMatch(Without(words, reference));

    private static string Without(string words, string reference)
    {
        if (!ImageName.TryParse(reference, out var name))
        {
            return words;
        }

        string[] parts = [reference, name.ToString(), name.Repository, $"/{name.Path}/manifests/{name.Tag}", $"/{name.Path}/"];
        return parts.Concat(name.Path.Contains('/') ? [name.Path] : []).Aggregate(
            words, (text, part) => text.Replace(part, " ", StringComparison.Ordinal));
    }

    private static RpcException Failure(bool outage, string message) =>
        new(new Status(StatusCode.Unknown, outage ? $"RegistryUnavailable: {message}" : message));

    [GeneratedRegex(
        @"connection refused|no such host|server misbehaving|network is unreachable|no route to host|connection reset by peer|i/o timeout"
            + @"|TLS handshake timeout|Client\.Timeout exceeded|request canceled while waiting for connection"
            + @"|\b(502 Bad Gateway|503 Service Unavailable|504 Gateway Timeout|429 Too Many Requests)\b"
            + @"|toomanyrequests|unexpected EOF|: EOF$",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Outage();

    [GeneratedRegex(
        @"\b401\b|unauthorized|authentication required|authorization failed|no basic auth credentials|incorrect username or password",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Unauthorized();
}
