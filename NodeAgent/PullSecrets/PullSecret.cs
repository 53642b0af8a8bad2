using System.Text.Json.Nodes;
using RegistryProxy.Background;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;
using RegistryProxy.Protocol;

namespace RegistryProxy.NodeAgent.PullSecrets;

/// <summary>
/// Keeps one Secret fresh: a session of its service account, made anew at half of its life. A Secret that is gone or was changed is written
/// again; one that is somebody else's never is.
/// </summary>
internal sealed class PullSecret(
    PullSecretSettings settings, SecretApi api, RegistryTokenClient registry, TextWriter output, TimeProvider time)
{
    /// <summary>From one look at a Secret that is as it should be to the next.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMinutes(1);

    /// <summary>The longest wait after failures.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(5);

    private static readonly Doubling Waits = new(TimeSpan.FromSeconds(5), MaxWait);

    /// <summary>How often in a row somebody else may be quicker.</summary>
    private const int MaxConflicts = 3;

    private RegistryCredential? _current;
    private string? _said;

    /// <summary>Keeps it fresh until the end.</summary>
    public async Task Run(CancellationToken cancellation)
    {
        for (var failures = 0; !cancellation.IsCancellationRequested;)
        {
            failures = await Refresh(cancellation) ? 0 : failures + 1;
            await Task.Delay(failures == 0 ? LookEvery : Waits.After(failures), time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Looks once, and writes what is to be written; <c>false</c>, and said, when that cannot be.</summary>
    public async Task<bool> Refresh(CancellationToken cancellation)
    {
        try
        {
            var problem = await Look(cancellation);
            Say(problem is null ? null : $"{settings.Namespace}/{settings.Name}: {problem}");
            return problem is null;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return false;
        }
        catch (Exception fault)
        {
            // Whatever it is: a Secret that nobody looks at any more ends unnoticed.
            Say($"{settings.Namespace}/{settings.Name}: {fault.Message}");
            return false;
        }
    }

    private async Task<string?> Look(CancellationToken cancellation)
    {
        for (var tries = 0; tries < MaxConflicts; tries++)
        {
            var known = await api.Read(settings.Name, cancellation);
            if (known is not null && DockerConfigSecret.Foreign(known) is { } why)
            {
                return why;
            }

            if (tries == 0)
            {
                await ForgetRefused(cancellation);
            }

            if (_current is null || time.GetUtcNow() >= _current.RefreshAt)
            {
                var proof = Proof.Exchange(
                    settings.Workloads.Authenticator,
                    await api.Token(settings.ServiceAccount, settings.Workloads.Audience, cancellation));
                if (!(await registry.OpenSession(proof, cancellation)).Succeeded(out var made, out var failure))
                {
                    return failure.Message;
                }

                _current = made;
            }

            if (await IsWritten(known, _current, cancellation))
            {
                return null;
            }
        }

        return "another client keeps modifying this Secret";
    }

    /// <summary>A session that was revoked is made anew at this look, not at half of its life.</summary>
    private async Task ForgetRefused(CancellationToken cancellation)
    {
        if (_current is null || time.GetUtcNow() >= _current.RefreshAt)
        {
            return;
        }

        var answer = await registry.AccessToken(_current, HttpOrigin.Of(registry.Url).Host, "", cancellation);
        if (!answer.Succeeded(out _, out var failure) && failure.Kind == FailureKind.Refused)
        {
            _current = null;
        }
    }

    private async Task<bool> IsWritten(JsonObject? known, RegistryCredential credential, CancellationToken cancellation)
    {
        if (known is not null && DockerConfigSecret.Holds(known, registry.Authority, credential))
        {
            return true;
        }

        var next = DockerConfigSecret.Make(known, settings.Name, registry.Authority, credential);
        if (!await api.Write(settings.Name, next, isNew: known is null, cancellation))
        {
            return false;
        }

        output.WriteLine($"{settings.Namespace}/{settings.Name}: written, good until {credential.Expires:u}");
        return true;
    }

    /// <summary>What is said again and again is said once.</summary>
    private void Say(string? problem)
    {
        if (problem is not null && problem != _said)
        {
            output.WriteLine(problem);
        }

        _said = problem;
    }
}
