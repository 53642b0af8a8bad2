using System.Collections.Concurrent;
using System.Net;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.Malformed;

/// <summary>
/// Malformed and odd requests of many kinds, each on a connection of its own with a good one behind it: no fault of ours, no answer to what
/// hides in another, no connection out of step, and no memory that stays.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class MalformedRequestTests
{
    private const int Workers = 24;
    private const long MaxGrowth = 64L << 20;

    private static readonly Family[] Families =
        [.. LineFamilies.All, .. HeaderFamilies.All, .. FramingFamilies.All, .. ChunkFamilies.All, .. ConnectionFamilies.All];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task None_harms_the_door_or_what_follows_on_its_connection(bool encrypted)
    {
        Assert.True(Families.Length >= 60, $"{Families.Length} families");
        Assert.Equal(Families.Length, Families.DistinctBy(family => family.Name).Count());
        await using var door = await FrontDoor.Start(DoorConfiguration.Single("http://127.0.0.1:9"), encrypted);
        await Run(door, 1, encrypted ? 500 : 2000);
        var before = door.ResidentBytes();
        var problems = await Run(door, 2, encrypted ? Sizes.Of(2000, 100_000) : Sizes.Of(15_000, 1_000_000));
        Assert.True(problems.IsEmpty, string.Join("\n\n", problems.DistinctBy(problem => problem.Split(':')[0]).Take(40)));
        using var client = door.Client();
        using var alive = await client.Send(HttpMethod.Get, "/livez");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
        var growth = door.ResidentBytes() - before;
        TestContext.Current.SendDiagnosticMessage($"{Families.Length} families, {before >> 20} MB before, {growth >> 20} MB more then");
        Assert.InRange(growth, long.MinValue, MaxGrowth);
        Assert.DoesNotContain("fail: ", door.Log);
    }

    private static async Task<ConcurrentQueue<string>> Run(FrontDoor door, int seed, int count)
    {
        var server = new Uri(door.DataUrl);
        var problems = new ConcurrentQueue<string>();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = Workers }, async (number, _) =>
        {
            if (problems.Count < 200
                && await Trial.Run(server, Families[number % Families.Length],
                    new Noise(new Random((seed * 1_000_003) + number))) is { } problem)
            {
                problems.Enqueue(problem);
            }
        });
        return problems;
    }
}
