using RegistryProxy.Configuration;

namespace RegistryProxy.Grains.Upstreams.Credentials;

/// <summary>
/// Reads the secret of one upstream. Files are read whenever they are asked for, so that an edit counts at once; what a program said is
/// kept for its lifetime, and its failure for a few seconds. Questions share one run of it.
/// </summary>
internal sealed class CredentialSource(TimeProvider time)
{
    /// <summary>From one start of a program that fails to the next.</summary>
    private static readonly TimeSpan RetryPeriod = 2 * CredentialHelper.Limit;

    private Kept? _kept;
    private Kept? _refreshing;

    /// <summary>The secret now.</summary>
    /// <exception cref="SecretUnavailableException">There is none to be had.</exception>
    public async ValueTask<UpstreamSecret> Read(UpstreamConfiguration upstream) => upstream.Credentials switch
    {
        BasicCredentials basic => new(basic.Username, basic.Password.Read(), null),
        BearerCredentials bearer => new("", null, bearer.Token.Read()),
        DockerConfigCredentials docker => DockerConfig.Read(docker, upstream.Url) switch
        {
            { Helper: { } helper } entry => await Run($"{docker.Path}\n{helper}\n{entry.Server}", helper, entry.Server, ExecCredentials.DefaultLifetime),
            { Secret: { } secret } => secret,
            _ => throw new SecretUnavailableException($"{docker.Path} has no entry for {docker.Server ?? upstream.Url.Host}"),
        },
        ExecCredentials exec when (exec.Server ?? DockerConfig.ServerOf(upstream.Url)) is var server =>
            await Run($"{exec.Command}\n{server}", exec.Command, server, exec.Lifetime),
        _ => UpstreamSecret.None,
    };

    private async ValueTask<UpstreamSecret> Run(string question, string program, string server, TimeSpan lifetime)
    {
        var now = time.GetUtcNow();
        if (_refreshing is { Answer.IsCompletedSuccessfully: true } next)
        {
            (_kept, _refreshing) = (next, null);
        }

        if (_kept is not { } kept || kept.Question != question || now >= kept.Until || (kept.Answer.IsFaulted && now >= kept.RetryAt))
        {
            _refreshing = null;
            kept = _kept = Start();
        }
        else if (now >= kept.RefreshAfter && (_refreshing is null || (_refreshing.Answer.IsCompleted && now >= _refreshing.RetryAt)))
        {
            _refreshing = Start();
            _refreshing.Answer.Ignore();
        }

        return await kept.Answer;

        Kept Start() => new(
            question, CredentialHelper.Get(program, server, time), now + RetryPeriod, now + (lifetime * Jitter.Between(0.5, 0.8)), now + lifetime);
    }

    private sealed record Kept(
        string Question, Task<UpstreamSecret> Answer, DateTimeOffset RetryAt, DateTimeOffset RefreshAfter, DateTimeOffset Until);
}
