using System.Text;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Tests.Support;
using RegistryProxy.Tests.Support.Processes;
using RegistryProxy.Tests.Support.Servers;

namespace RegistryProxy.Tests.EndToEnd;

/// <summary>A running front door under files that nobody meant.</summary>
public sealed class MutatedConfigurationTests
{
    /// <summary>
    /// Fewer than the lines of one kind that are logged at once (<c>LogPace.MaxBurst</c>): each file is waited for by its line.
    /// </summary>
    private const int FilesOfOne = 170;

    [Fact]
    public async Task A_front_door_outlives_every_broken_file_and_takes_the_next_good_one()
    {
        for (var part = 0; part < Sizes.Of(1, 3); part++)
        {
            await Outlives(part);
        }
    }

    private static async Task Outlives(int part)
    {
        var good = DoorConfiguration.Single("http://127.0.0.1:9");
        await using var door = await FrontDoor.Start(good);
        var path = door.PathOf("config.yaml");
        byte[][] classics = [.. new[] { "? ", "[", "- ", "{a: ",
            "\0" }.Select(piece => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(piece, 100_000)))), []];
        var mutations = new Mutations(Encoding.UTF8.GetBytes(good), 3 + part);
        var (told, version) = (0, ConfigurationFile.Read(path).Snapshot!.Version);
        for (var i = 0; i < Sizes.Of(classics.Length + 4, FilesOfOne);)
        {
            File.WriteAllBytes($"{path}.new", i < classics.Length ? classics[i] : mutations.Next());
            if (ConfigurationFile.Read($"{path}.new").Errors.Count > 0)
            {
                File.Move($"{path}.new", path, overwrite: true);
                i++;
                told++;
                await Eventually.True(() => Count(door.Log, $"is not used; version {version} stays") == told,
                    $"the errors of file {i} are told");
            }
        }

        using var http = new HttpClient();
        Assert.True((await http.GetAsync($"{door.AdminUrl}/readyz")).IsSuccessStatusCode);
        door.WriteConfig(good + "\n# mended\n");
        var mended = ConfigurationFile.Read(path).Snapshot!.Version;
        await Eventually.True(() => door.Log.Contains($"Configuration {mended} is in use"), "the good file is in use");
        Assert.Equal(0, await door.Terminate());
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
