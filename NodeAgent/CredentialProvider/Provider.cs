using System.Globalization;
using System.Text.Json;
using RegistryProxy.NodeAgent.Control;
using RegistryProxy.NodeAgent.Names;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.CredentialProvider;

/// <summary>
/// kubelet's credential provider. A request that carries the token of a workload is answered with that token and never with the node's own
/// identity: what a pod may use is decided by who the pod is.
/// </summary>
internal sealed class Provider(AgentSettings settings, TimeProvider time)
{
    /// <summary>The largest request, in bytes.</summary>
    private const int MaxRequest = 1024 * 1024;

    /// <summary>
    /// How long kubelet may keep a session: the front door may end it at any moment, and kubelet would go on with it. A new answer costs
    /// milliseconds.
    /// </summary>
    internal static readonly TimeSpan MaxSessionCache = TimeSpan.FromSeconds(10);

    /// <summary>How long before the end of a token kubelet must stop using it: a pull that has begun must get its access token.</summary>
    private static readonly TimeSpan TokenMargin = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Answers one request on the standard streams. Returns the exit code; the reason of a failure is on <paramref name="errors"/>.
    /// </summary>
    public async Task<int> Run(Stream input, Stream output, TextWriter errors, CancellationToken cancellation)
    {
        if (await Read(input, cancellation) is not { } request)
        {
            return await Fail(
                errors,
                $"standard input must contain a CredentialProviderRequest of {ProviderVersion.Current}; kubelet's configuration must name "
                    + $"that apiVersion");
        }

        if (!(await Answer(request, cancellation)).Succeeded(out var response, out var failure))
        {
            return await Fail(errors, failure.Message);
        }

        await JsonSerializer.SerializeAsync(output, response, ProviderJson.Default.ProviderResponse, cancellation);
        return 0;
    }

    private static async Task<int> Fail(TextWriter errors, string message)
    {
        await errors.WriteLineAsync(message);
        return 1;
    }

    private async Task<Outcome<ProviderResponse>> Answer(ProviderRequest request, CancellationToken cancellation)
    {
        if (!ImageName.TryParse(request.Image ?? "", out var image))
        {
            return RegistryFailure.NoProof($"'{request.Image}' is not an image name");
        }

        if (request.ServiceAccountToken is { Length: > 0 } token)
        {
            return Workload(image, new Secret(token));
        }

        var reply = await CredentialLookup.Find(settings, new CredentialQuestion(image.ToString(), null), time, cancellation);
        return reply switch
        {
            { Failure: { } failure } => RegistryFailure.Refused(failure),
            { Username: { } user, Password: { } password, Issued: { } issued, Expires: { } expires } =>
                Response(
                    image, user, password,
                    Earlier(
                        time.GetUtcNow() + MaxSessionCache, new RegistryCredential(
                            user, new Secret(password), issued, expires).UsableUntil)),
            _ => Nothing(),
        };
    }

    private Outcome<ProviderResponse> Workload(ImageName image, Secret token)
    {
        if (settings.DoorOf(image) is not { } registry)
        {
            return Nothing();
        }

        if (registry.Workloads is not { } workloads)
        {
            return RegistryFailure.NoProof(
                $"kubelet sent a service account token, but frontDoors has no workloads.authenticator for "
                    + $"{HttpOrigin.Of(registry.Url).Authority}; the node's identity is not used in its place");
        }

        return TokenExpiry.Read(token) is { } end
            ? Response(image, $"_{workloads.Authenticator}", token.Reveal(), end - TokenMargin)
            : RegistryFailure.NoProof("serviceAccountToken is not a token with an end");
    }

    private ProviderResponse Response(ImageName image, string user, string password, DateTimeOffset until)
    {
        var left = until - time.GetUtcNow();
        return new ProviderResponse
        {
            CacheKeyType = IsOfOneDoor(image) ? "Registry" : "Image",
            CacheDuration = GoDuration(
                left > TimeSpan.Zero ? left : TimeSpan.Zero), Auth = new() { [image.Domain] = new ProviderAuth(user, password) },
        };
    }

    /// <summary>Whether a credential for an image is one for all images of its host, so that kubelet may keep it for them.</summary>
    private bool IsOfOneDoor(ImageName image) =>
        settings.FrontDoors.Count(door => door.Images.Any(pattern => pattern.MatchesHost(image))) == 1;

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    /// <summary>No credential, which is no failure: kubelet goes on with what it has.</summary>
    private static ProviderResponse Nothing() => new() { CacheKeyType = "Image", CacheDuration = "0s", Auth = [] };

    private static string GoDuration(TimeSpan span) =>
        string.Create(CultureInfo.InvariantCulture, $"{(long)span.TotalSeconds / 60}m{(long)span.TotalSeconds % 60}s");

    /// <summary>The request; <c>null</c> for anything else.</summary>
    private static async Task<ProviderRequest?> Read(Stream input, CancellationToken cancellation)
    {
        var buffer = new byte[MaxRequest + 1];
        var length = await input.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        ProviderRequest? request = null;
        try
        {
            request = length <= MaxRequest
                ? JsonSerializer.Deserialize(buffer.AsSpan(0, length), ProviderJson.Default.ProviderRequest)
                : null;
        }
        catch (JsonException)
        {
            // Whatever it is, it is not a request.
        }

        return request is { Kind: "CredentialProviderRequest", ApiVersion: ProviderVersion.Current }
            ? request
            : null;
    }
}
