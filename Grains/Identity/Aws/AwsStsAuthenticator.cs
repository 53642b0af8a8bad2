using System.Net;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Aws;

/// <summary>Asks AWS who signed a presigned <c>GetCallerIdentity</c> that was signed for this server.</summary>
internal sealed partial class AwsStsAuthenticator(AwsStsConfiguration configuration, Func<EgressSettings> network, TimeProvider time)
    : ITokenAuthenticator, ITriable, IDisposable
{
    private const int MaxReply = 64 * 1024;

    internal static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>What the codes contain by which AWS says that too much is asked.</summary>
    private static readonly string[] Throttled = ["Throttl", "RequestLimitExceeded", "TooManyRequests", "SlowDown"];

    private static readonly XNamespace Sts = "https://sts.amazonaws.com/doc/2011-06-15/";

    private readonly EgressPool _ways = new(static settings => UpstreamTransport.Create(settings), time);

    /// <summary>What is told of how the token service fares; <c>null</c> for nothing.</summary>
    public ServiceOutages.ServiceOutage? Server { get; init; }

    public bool Allows(VerifiedIdentity identity) => configuration.Accounts.Contains(identity.Claims.GetValueOrDefault("accountId", ""));

    public async ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation)
    {
        if (CredentialEnvelope.Open(presented.Text) is not { } url)
        {
            return Verdict.Refused("the password must be base64url of a presigned URL");
        }

        if (!PresignedCallerIdentity.TryParse(url, out var request, out var problem))
        {
            return Verdict.Refused(problem);
        }

        var now = time.GetUtcNow();
        if (request.Signed > now + Skew || request.Expires <= now)
        {
            return Verdict.Refused(new Validity(request.Signed, null, request.Expires).Fault("presigned URL", now, Skew));
        }

        try
        {
            return await CallSts(request, cancellation);
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or OperationCanceledException
            && !cancellation.IsCancellationRequested)
        {
            Server?.Failed(fault);
            return Verdict.Unavailable("AWS STS does not answer");
        }
    }

    /// <summary>Shows no signature, which is refused: an answer is an answer.</summary>
    public async ValueTask<Trial> Try(CancellationToken cancellation)
    {
        var origin = HttpOrigin.Of(configuration.Endpoint ?? new Uri("https://sts.amazonaws.com"));
        using var limit = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, origin.At(OriginForm.Of("/")));
            using var response = await _ways.For(network()).SendAsync(request, either.Token);
            return (int)response.StatusCode >= 500 ? new("HTTP", $"it answers {(int)response.StatusCode}")
                : Trial.Good($"{origin.Serialized} answers; no signature was shown to it");
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            return Trial.Of(fault, "HTTP");
        }
    }

    public void Dispose() => _ways.Dispose();

    private async Task<Verdict> CallSts(PresignedCallerIdentity presigned, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        var origin = HttpOrigin.Of(configuration.Endpoint ?? new Uri($"https://{presigned.Host}"));
        using var request = new HttpRequestMessage(HttpMethod.Get, origin.At(OriginForm.Of(presigned.Target)));
        request.Headers.Host = presigned.Host;
        request.Headers.Add(PresignedCallerIdentity.ServerIdHeader, configuration.ServerId);
        using var response = await _ways.For(network()).SendAsync(request, either.Token);
        if ((int)response.StatusCode >= 500)
        {
            Server?.Failed(new ExchangeFault("status", $"it answers {(int)response.StatusCode}"));
            return Verdict.Unavailable("AWS STS does not answer");
        }

        var reply = await response.Content.ReadBytes(MaxReply, either.Token);
        if (!response.IsSuccessStatusCode && SaysLater(response.StatusCode, reply) is { } code)
        {
            Server?.Failed(new ExchangeFault("status", $"it answers {(int)response.StatusCode}{code}"));
            return Verdict.Unavailable("AWS STS takes no more questions now; try again in a while");
        }

        if (!response.IsSuccessStatusCode)
        {
            Server?.Answered();
            return Verdict.Refused(
                $"AWS STS refuses the signature ({(int)response.StatusCode}): it must be fresh and signed for the server " +
                $"'{configuration.ServerId}'");
        }

        Server?.Answered();
        return Identify(reply);
    }

    /// <summary>
    /// The code in brackets of an answer that says nothing of the signature; <c>null</c> of one that does. AWS throttles with 400.
    /// </summary>
    private static string? SaysLater(HttpStatusCode status, byte[] reply)
    {
        var code = Read(reply)?.Descendants().FirstOrDefault(element => element.Name.LocalName == "Code")?.Value ?? "";
        var isThrottled = Array.Exists(Throttled, word => code.Contains(word, StringComparison.Ordinal));
        return isThrottled ? $" ({code})"
            : status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests ? "" : null;
    }

    private static XElement? Read(byte[] xml)
    {
        try
        {
            using var reader = XmlReader.Create(
                new MemoryStream(xml), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return XElement.Load(reader);
        }
        catch (Exception fault) when (fault is XmlException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    private Verdict Identify(byte[] xml)
    {
        var result = Read(xml) is { } root && root.Name == Sts + "GetCallerIdentityResponse"
            ? root.Element(Sts + "GetCallerIdentityResult") : null;
        var (arn, user, account) = (result?.Element(Sts + "Arn")?.Value, result?.Element(Sts + "UserId")?.Value,
            result?.Element(Sts + "Account")?.Value);
        if (arn is null || user is null || account is null || arn.Split(':') is not ["arn", _, "sts" or "iam", _, var owner, ..]
            || owner != account)
        {
            return Verdict.Unavailable("AWS STS answers something else than a caller identity");
        }

        Dictionary<string, string> claims = new() { ["accountId"] = account, ["arn"] = arn, ["userId"] = user };
        if (Instance().Match(user) is { Success: true } instance)
        {
            claims["instanceId"] = instance.Groups[1].Value;
        }

        var identity = new VerifiedIdentity(configuration.Name, arn, [], claims, "");
        return Allows(identity) ? Verdict.Proved(identity)
            : Verdict.Refused($"the account of this principal is not one of '{configuration.Name}'", configuration.Name, arn);
    }

    /// <summary>The session name of a role on an instance is the instance's id.</summary>
    [GeneratedRegex(@":(i-[0-9a-f]{8,17})\z", RegexOptions.NonBacktracking)]
    private static partial Regex Instance();
}
