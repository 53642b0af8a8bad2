using System.Diagnostics;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Network;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Running;
using RegistryProxy.Tests.Support.Servers;
using RegistryProxy.Tests.Support.Wire;

namespace RegistryProxy.Tests.Clustering;

/// <summary>Where a drain ends: a second signal, and a minute.</summary>
[Waits(60)]
public sealed class DrainTests(Lab lab)
{
    [Fact]
    public async Task A_silo_that_is_told_twice_ends_at_once_and_the_other_goes_on()
    {
        await using var cluster = await DoorCluster.Start((await lab.Registry).Url, silos: 2, gateways: 1);
        var (silo, gateway) = (cluster.Silos.Last(), cluster.Gateways.Single());
        using var alice = gateway.Client("alice");
        await alice.Token(RegistryClient.Pull("drain/app"));
        await Shell.Run("kill", ["-TERM", $"{silo.Process.Id}"]);
        await Shell.Run("kill", ["-TERM", $"{silo.Process.Id}"]);
        await Eventually.True(() => silo.Process.HasExited, $"it ends:\n{silo.Process.Output}", TimeSpan.FromSeconds(10));
        Assert.Equal(0, silo.Process.ExitCode);

        // It may not have said goodbye: the others have to find out.
        using var other = gateway.Client("bob");
        await Eventually.True(
            async () =>
            {
                using var login = await other.RequestToken([RegistryClient.Pull("drain/app")]);
                return login.IsSuccessStatusCode;
            },
            "others log in", TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task A_stream_that_does_not_end_is_cut_after_a_minute_of_grace()
    {
        var blob = TestBlob.Random(183, 10_000_000);
        await using var upstream = await BlobUpstream.Start(blob);
        upstream.Pace = TimeSpan.FromSeconds(1);
        await using var cluster = await DoorCluster.Start(upstream.Url, silos: 1, gateways: 1);
        var gateway = cluster.Gateways.Single();
        using var alice = gateway.Client("alice");
        using var response = await alice.GetBlob("drain/app", blob.Digest);
        var reading = response.Content.ReadAsByteArrayAsync();
        var watch = Stopwatch.StartNew();
        await Shell.Run("kill", ["-TERM", $"{gateway.Process.Id}"]);
        await Eventually.True(() => gateway.Process.HasExited, $"it ends:\n{gateway.Process.Output}", TimeSpan.FromSeconds(180));
        Assert.InRange(watch.Elapsed.TotalSeconds, 55, 150);
        Assert.Equal(0, gateway.Process.ExitCode);
        await Assert.ThrowsAnyAsync<Exception>(() => reading);
    }
}
