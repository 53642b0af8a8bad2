using System.Text.RegularExpressions;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>What clients are told of each fault of an upstream: what is wrong, never where, nor by which file or credential.</summary>
internal static class UpstreamFaultAnswers
{
    private const string Silent = "503 .*does not answer";

    private static readonly Dictionary<string, string> Expected = new()
    {
        ["down"] = Silent, ["nameless"] = Silent, ["closes"] = Silent, ["no-http"] = Silent, ["down-later"] = Silent, ["slow"] = Silent,
        ["private"] = "502 .*resolves to a blocked address; private ones need allowPrivate",
        ["no-tls"] = "503 .*TLS handshake with upstream .* failed",
        ["untrusted"] = "502 .*untrusted certificate", ["expired"] = "502 .*certificate", ["misnamed"] = "502 .*certificate",
        ["no-proxy"] = "503 .*cannot be reached.*proxy", ["proxy-refuses"] = "502 .*cannot be reached.*proxy",
        ["fails-at-base"] = "503 .*answered 503", ["fails"] = "502 .*answered 503", ["fails-later"] = "502 .*answered 502",
        ["errs"] = "502 .*answered 500", ["in-part"] = "502 .*answered 500", ["loops"] = "502 .*redirects more than 5 times",
        ["page"] = "502 .*sent something that is no manifest", ["empty"] = "502 .*answered 204",
        ["password"] = "502 .*rejected the configured credentials",
        ["token-refused"] = "502 .*token endpoint.*refuses the configured credentials",
        ["token-fails"] = "503 .*token endpoint.*answered 500",
        ["token-limited"] = "429 .*token endpoint.*limits the rate", ["token-nonsense"] = "502 .*token endpoint",
        ["token-gone"] = "502 .*token endpoint.*answered 404", ["token-empty"] = "502 .*token endpoint.*sent no usable token",
        ["token-moved"] = "502 .*token endpoint.*redirects to another host, which upstreams.\\*.realms must list",
        ["token-scoped"] = "503 .*token endpoint.*answered 500", ["token-forbids"] = "502 .*gives these credentials no token .*403",
        ["token-strangers"] = "502 .*gives these credentials no token .*401",
        ["realm"] = "502 .*realm", ["no-secret"] = "502 .*no usable secret", ["no-helper"] = "50[23] .*no usable secret",
        ["slow-at-base"] = "503 .*did not answer in time", ["limited"] = "429 .*upstream .*limited",
        ["storage-refuses"] = "502 .*redirects to refuses this request .403", ["storage-errs"] = "502 .*redirects to answered 500",
        ["storage-limits"] = "429 .*redirects to limits the rate", ["storage-down"] = Silent, ["storage-nameless"] = Silent,
        ["storage-untrusted"] = "502 .*or its storage, shows an untrusted certificate",
        ["storage-forbidden"] = "502 .*redirects to a target that is not allowed by redirectHosts or by the address rules",
    };

    /// <summary>Hosts, addresses, paths and names of variables that are for operators alone.</summary>
    private const string Private = @"127\.0\.0\.1|\.invalid|bucket|/tmp/|absent|/bin/false";

    /// <summary>Those that were not told what they should, or more.</summary>
    /// <param name="faults">All that there are.</param>
    /// <param name="answers">What was answered to requests for each.</param>
    public static IEnumerable<string> Wrong(IEnumerable<string> faults, IReadOnlyDictionary<string, string> answers) => faults
        .Where(fault => !Regex.IsMatch(answers[fault], Expected[fault]) || Regex.IsMatch(answers[fault], Private))
        .Select(fault => $"{fault}: {answers[fault]}");
}
