using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using Grpc.Net.Client;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Files;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Identity.Plugin;

/// <summary>Asks a verifier of the operator's own. No answer is no login.</summary>
internal sealed class GrpcAuthenticator : ITokenAuthenticator, ITriable, IDisposable
{
    private const int MaxReply = 64 * 1024;
    private const int MaxMessage = 300;

    internal static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2);

    private readonly GrpcConfiguration _configuration;
    private readonly GrpcChannel _channel;
    private readonly Verifier.VerifierClient _verifier;

    public GrpcAuthenticator(GrpcConfiguration configuration)
    {
        _configuration = configuration;
        var handler = UpstreamTransport.Create(configuration.AllowPrivate);
        handler.EnableMultipleHttp2Connections = true;
        Secure(handler, configuration);
        _channel = GrpcChannel.ForAddress(configuration.Endpoint, new GrpcChannelOptions
        {
            HttpHandler = handler, DisposeHttpClient = true, MaxReceiveMessageSize = MaxReply, CompressionProviders = [],
        });
        _verifier = new Verifier.VerifierClient(_channel);
    }

    /// <summary>What is told of how the plug-in fares; <c>null</c> for nothing.</summary>
    public ServiceOutages.ServiceOutage? Server { get; init; }

    public bool Allows(VerifiedIdentity identity) => true;

    public async ValueTask<Verdict> Verify(PresentedCredential presented, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Deadline);
        try
        {
            var reply = await _verifier.VerifyAsync(
                new VerifyRequest { Tenant = presented.Tenant, Authenticator = _configuration.Name, Credential = presented.Text.Reveal() },
                cancellationToken: limit.Token);
            Server?.Answered();
            return reply.ResultCase switch
            {
                VerifyReply.ResultOneofCase.Identity => Verdict.Proved(Read(reply.Identity)),
                VerifyReply.ResultOneofCase.Refusal => Verdict.Refused(Printable(reply.Refusal.Message)),
                _ => Verdict.Unavailable($"the verifier of '{_configuration.Name}' gives no answer"),
            };
        }
        catch (RpcException fault) when (!cancellation.IsCancellationRequested)
        {
            Server?.Failed(fault.StatusCode is StatusCode.DeadlineExceeded or StatusCode.Cancelled ? ExchangeFault.Late
                : fault.Status.DebugException is { } cause ? ExchangeFault.Of(cause)
                : new ExchangeFault("answer", $"it answers {fault.StatusCode}"));
            return Verdict.Unavailable($"the verifier of '{_configuration.Name}' does not answer");
        }
    }

    /// <summary>Shows nothing, which is refused: an answer is an answer.</summary>
    public async ValueTask<Trial> Try(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Deadline);
        try
        {
            var reply = await _verifier.VerifyAsync(
                new VerifyRequest { Authenticator = _configuration.Name }, cancellationToken: limit.Token);
            return reply.ResultCase == VerifyReply.ResultOneofCase.Identity
                ? new("gRPC", "it lets in who shows nothing")
                : Trial.Good("answers");
        }
        catch (RpcException fault) when (IsRefusal(fault))
        {
            return Trial.Good("answers");
        }
        catch (RpcException fault) when (!cancellation.IsCancellationRequested)
        {
            return fault.Status.DebugException is { } cause ? Trial.Of(cause, "gRPC") : new("gRPC", $"it answers {fault.StatusCode}");
        }
    }

    public void Dispose() => _channel.Dispose();

    /// <summary>Some refuse by a status who shows nothing; one that stands for a status of HTTP is not the verifier's.</summary>
    private static bool IsRefusal(RpcException fault) => fault.StatusCode is StatusCode.InvalidArgument or StatusCode.Unauthenticated
        && !fault.Status.Detail.StartsWith("Bad gRPC response", StringComparison.Ordinal);

    private VerifiedIdentity Read(Identity identity) => new(
        _configuration.Name, identity.Subject, [.. identity.Groups], new Dictionary<string, string>(identity.Claims), "",
        identity.Expires == 0 ? null : UnixTime.OfSeconds(identity.Expires));

    private static string Printable(string message) =>
        message.Length is > 0 and <= MaxMessage && !message.Any(char.IsControl) ? message : "the credential is refused";

    private static void Secure(SocketsHttpHandler handler, GrpcConfiguration configuration)
    {
        if (configuration.Ca is { } ca)
        {
            handler.SslOptions.CertificateChainPolicy!.TrustMode = X509ChainTrustMode.CustomRootTrust;
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(ca.Load());
        }

        if (configuration is { Certificate: { } certificate, Key: { } key })
        {
            handler.SslOptions.ClientCertificateContext = CertificatePair.LoadChain(certificate, key);
        }
    }
}
