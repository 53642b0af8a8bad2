using RegistryProxy.NodeAgent.ApiServer;
using RegistryProxy.NodeAgent.Sessions;
using RegistryProxy.NodeAgent.Settings;

namespace RegistryProxy.NodeAgent.PullSecrets;

/// <summary><c>pull-secrets</c>: keeps Secrets of a cluster fresh, each for itself.</summary>
internal static class PullSecretsRun
{
    /// <summary>Runs until the end, or once; returns the exit code.</summary>
    public static async Task<int> Run(AgentSettings settings, bool once, TextWriter output, CancellationToken cancellation)
    {
        var time = TimeProvider.System;
        if (settings.PullSecrets is not { } asked)
        {
            await output.WriteLineAsync("the agent's file has no pullSecrets");
            return 2;
        }

        var api = asked.Server is { } server ? KubernetesApi.At(server, asked.CaFile, asked.TokenFile, time) : KubernetesApi.OfPod(time);
        if (api is null)
        {
            await output.WriteLineAsync("this is no pod of a cluster: say pullSecrets.server");
            return 2;
        }

        var clients = asked.Secrets.Select(secret => secret.FrontDoor).Distinct().ToDictionary(
            door => door, door => new RegistryTokenClient(door.Url, RegistryTokenClient.CreateHttp(door.CaFile), time));
        var secrets = asked.Secrets.Select(secret => new PullSecret(
            secret, new SecretApi(api, secret.Namespace), clients[secret.FrontDoor], output, time)).ToList();
        if (once)
        {
            return (await Task.WhenAll(secrets.Select(secret => secret.Refresh(cancellation)))).All(isGood => isGood) ? 0 : 1;
        }

        await Task.WhenAll(secrets.Select(secret => secret.Run(cancellation)));
        return 0;
    }
}
