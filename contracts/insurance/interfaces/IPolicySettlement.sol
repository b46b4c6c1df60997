// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ISeriesRecourse} from "./ISeriesRecourse.sol";
import {ISeriesRegistry} from "./ISeriesRegistry.sol";
import {SeriesId} from "./IUnderwritingPool.sol";

/// @notice Where a series stands.
enum SeriesState {
    /// @dev Not known; or settled: nothing is owed any more, and nothing is kept. What was decided is in `SeriesDecided` or
    /// `SeriesRefunded`.
    None,
    /// @dev On sale or at risk.
    Open,
    /// @dev The index paid: the loss is reserved, policies are being paid.
    Paying,
    /// @dev The data never came: the premiums are reserved, policies get them back.
    Refunding
}

/// @notice A series' account, in one slot, which is cleared when nothing is owed any more. Amounts in units (`unit()` base
/// units of the pool's asset each).
///
///     | 40 decidedAt | 8 state | 16 payoutBps | 32 cursor | 32 count | 64 premium | 64 exposure |
struct SeriesAccount {
    /// @notice Open: Σ sums insured. Paying, Refunding: what is still reserved.
    uint64 exposure;
    /// @notice Σ premiums of the policies in force.
    uint64 premium;
    /// @notice Policies ever sold; the next one gets this index.
    uint32 count;
    /// @notice Policies below this index are settled.
    uint32 cursor;
    /// @notice Share of each sum insured that is paid.
    uint16 payoutBps;
    SeriesState state;
    /// @notice When the index was decided, unix seconds.
    uint40 decidedAt;
}

/// @title IPolicySettlement
/// @notice Decides series from measured data and pays their policies. Anyone may call everything; nobody can stop it.
/// @dev A series is decided from its feed; when that has not answered by `end + grace`, or was contested, see
/// `ISeriesRecourse`. `season` is the packed season of a series with `seasonValues`, 16 bits a value, signed, big endian,
/// and empty for all others.
interface IPolicySettlement {
    /// @notice The index of a series was computed and its loss set aside: that share of the sums insured. A series that pays
    /// nothing is settled.
    event SeriesDecided(SeriesId indexed series, int256 index, uint256 payoutBps);
    /// @notice The data of a series never came; its premiums are set aside to go back.
    event SeriesRefunded(SeriesId indexed series);
    /// @notice A policy was settled: paid, or credited when its pool says so in `PaymentCredited`.
    event PolicyPaid(uint256 indexed policyId, address indexed holder, uint256 amount);
    /// @notice The last policy of the series is settled and rounding left dust, which went back to the pool.
    event SeriesClosed(SeriesId indexed series, uint256 dustUnits);

    /// @notice A value was observed outside the insured time, or arrived after the grace period.
    /// @dev If the window's data are not coming any more, use the fallback or `refund` after the grace period.
    error SettlementDataOutsideWindow(SeriesId series, uint256 round, uint256 observedAt, uint256 updatedAt);
    /// @notice The season handed in is not the one the feed attested.
    /// @dev Pack all values of the season in order, 16 bits each, as they were attested.
    error SettlementSeasonMismatch(SeriesId series, bytes16 attested, bytes16 given);
    /// @notice The series is not in the state this step needs.
    /// @dev Look at `accountOf(series).state`: only an open series can be sold, cancelled and decided.
    error SettlementSeriesState(SeriesId series, SeriesState state);
    /// @notice The data can still be contested.
    /// @dev Call again from `decidableFrom` on.
    error SettlementDisputeOpen(SeriesId series, uint256 decidableFrom);
    /// @notice The feed was contested by evidence: its data do not count.
    /// @dev Decide by the fallback, or refund when there is none.
    error SettlementContested(SeriesId series);
    /// @notice Only the recourse concludes a series otherwise than by its feed.
    /// @dev Call `decide`, or `SeriesRecourse.decideByFallback` or `refund`.
    error SettlementCallerUnknown(address caller);

    /// @notice Keeps the series' terms.
    function REGISTRY() external view returns (ISeriesRegistry); // solhint-disable-line func-name-mixedcase

    /// @notice Says when the feed does not decide: it was contested, or has not answered.
    function RECOURSE() external view returns (ISeriesRecourse); // solhint-disable-line func-name-mixedcase

    /// @notice The series' account.
    function accountOf(SeriesId series) external view returns (SeriesAccount memory account);

    /// @notice Computes the index from the feed, reserves the loss, and pays up to `max` policies.
    function decide(SeriesId series, bytes calldata season, uint16 max) external returns (uint256 payoutBps);

    /// @notice Pays (or refunds) up to `max` policies of a series, in order; an open one is decided first, as by `decide` with
    /// an empty season. One transaction has room for about a thousand policies.
    /// @return advanced Policies dealt with; 0 when there was nothing left to do.
    function settle(SeriesId series, uint16 max) external returns (uint256 advanced);

    /// @notice The recourse's call: an open series was decided by its fallback feed.
    function conclude(SeriesId series, int256 index, uint256 payoutBps) external;

    /// @notice The recourse's call: an open series will not be decided by anybody; its premiums go back.
    function concludeWithoutData(SeriesId series) external;
}
