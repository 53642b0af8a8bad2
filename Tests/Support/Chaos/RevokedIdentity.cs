using System.Net;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Support.Chaos;

/// <summary>Somebody with an access token and a refresh token, whose sessions are ended while something else is broken.</summary>
internal sealed class RevokedIdentity
{
    private readonly string _user;
    private readonly TokenReply _reply;

    private RevokedIdentity(string user, TokenReply reply) => (_user, _reply) = (user, reply);

    /// <summary>Logs in; the tokens are good for the images of the loads. No gateway knows of it.</summary>
    public static async Task<RevokedIdentity> LogInAlone(ChaosCluster cluster, string user)
    {
        using var client = cluster.Client(user);
        using var response = await client.RequestToken([RegistryClient.Pull(PullLoad.Repository)], "&offline_token=true");
        await response.ShouldBe(HttpStatusCode.OK);
        return new RevokedIdentity(user, await RegistryClient.ReadToken(response));
    }

    /// <summary>Logs in, and pulls by every gateway.</summary>
    public static async Task<RevokedIdentity> LogIn(ChaosCluster cluster, string user)
    {
        var identity = await LogInAlone(cluster, user);
        foreach (var gateway in cluster.Gateways)
        {
            Assert.Equal(HttpStatusCode.OK, await identity.Use(gateway.DataUrl));
        }

        return identity;
    }

    /// <summary>As an operator does: again, at any silo, until one says that it is done.</summary>
    public async Task Revoke(ChaosCluster cluster, TimeSpan? within = null)
    {
        var attempt = 0;
        var last = "";
        await Eventually.True(
            async () =>
            {
                var silos = cluster.Silos.Where(silo => silo.IsRunning).ToList();
                if (silos.Count == 0)
                {
                    return false;
                }

                (var status, last) = await silos[attempt++ % silos.Count].Revoke(_user);
                return status == HttpStatusCode.OK;
            },
            $"{_user} is revoked; the last answer was {last}", within ?? TimeSpan.FromSeconds(60));
    }

    /// <summary>As an operator does who knows a silo that answers.</summary>
    public Task RevokeAt(ChaosMember silo) =>
        Eventually.True(async () => (await silo.Revoke(_user)).Status == HttpStatusCode.OK, $"{_user} is revoked",
            TimeSpan.FromSeconds(30));

    /// <summary>Refused by every gateway, with either token, for as long as they might know better.</summary>
    public async Task ShouldBeRefused(ChaosCluster cluster, TimeSpan? within = null)
    {
        foreach (var gateway in cluster.Gateways.Where(gateway => gateway.IsRunning))
        {
            await Eventually.True(
                async () => await Use(gateway.DataUrl) == HttpStatusCode.Unauthorized, $"{gateway.Name} refuses {_user}", within
                    ?? TimeSpan.FromSeconds(5));
            Assert.Equal(HttpStatusCode.Unauthorized, await Resume(gateway.DataUrl));
        }
    }

    /// <summary>The status of a pull with the access token; 0 when nobody answers.</summary>
    public async Task<HttpStatusCode> Use(string url)
    {
        using var client = new RegistryClient(url, null, null);
        try
        {
            using var response = await client.Send(HttpMethod.Head, $"/v2/{PullLoad.Repository}/manifests/{PullLoad.Tag}", _reply.Token,
                null, ("Accept", TestImage.OciManifest));
            return response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return 0;
        }
    }

    private async Task<HttpStatusCode> Resume(string url)
    {
        using var client = new RegistryClient(url, null, null);
        using var response = await client.PostToken(
            ("grant_type", "refresh_token"), ("refresh_token", _reply.RefreshToken!), ("service", "127.0.0.1"));
        return response.StatusCode;
    }
}
