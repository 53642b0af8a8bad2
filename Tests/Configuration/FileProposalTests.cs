using Microsoft.Extensions.Time.Testing;
using RegistryProxy.Configuration.Reload;

namespace RegistryProxy.Tests.Configuration;

/// <summary>When the files of a silo count, though they go on changing.</summary>
public sealed class FileProposalTests
{
    [Fact]
    public void Edits_that_do_not_pause_count_after_a_while_nevertheless()
    {
        var time = new FakeTimeProvider();
        var proposal = new FileProposal(time);
        proposal.Read("0", "0");
        var (followed, proposed) = ("0", new List<TimeSpan>());
        Assert.Equal(FileStanding.InForce, proposal.Judge(followed));
        time.Advance(TimeSpan.FromMinutes(1));
        var began = time.GetTimestamp();
        for (var i = 1; i <= 67; i++)
        {
            proposal.Read($"{i}", followed);
            time.Advance(TimeSpan.FromSeconds(0.9));
            var standing = proposal.Judge(followed);
            Assert.NotEqual(FileStanding.Lost, standing);
            if (standing == FileStanding.Proposed)
            {
                followed = $"{i}";
                proposed.Add(time.GetElapsedTime(began));
                Assert.Equal(FileStanding.InForce, proposal.Judge(followed));
            }
        }

        // Not each of them: what is replaced file by file has its time.
        Assert.InRange(proposed.Count, 5, 6);
        Assert.InRange(proposed[0].TotalSeconds, 10, 11);
    }
}
