// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SeriesId, SeriesState} from "./IUnderwritingPool.sol";

/// @title IPolicySettlement
/// @notice Decides series from measured data and pays their policies. Anyone may call everything; nobody can stop it.
interface IPolicySettlement {
    /// @notice The index of a series was computed from its feed.
    event SeriesDecided(SeriesId indexed series, int256 index, uint256 payoutBps, address indexed caller);
    /// @notice The data of a series never came; its premiums go back.
    event SeriesRefunded(SeriesId indexed series, uint256 missingRound, address indexed caller);

    /// @notice A value was observed outside the insured time, or arrived after the grace period.
    /// @dev If the window's data are not coming any more, call `refund` after the grace period.
    error SettlementDataOutsideWindow(SeriesId series, uint256 round, uint256 observedAt, uint256 updatedAt);
    /// @notice The series is not in the state this step needs.
    /// @dev Call `decide` on an open series and `settle` on a decided one.
    error SettlementSeriesState(SeriesId series, SeriesState state);
    /// @notice The dispute window is still open.
    /// @dev Call again after `payableFrom`.
    error SettlementDisputeOpen(SeriesId series, uint256 payableFrom);
    /// @notice The data may still come.
    /// @dev Call again after `refundableFrom`, if they have not.
    error SettlementTooEarly(SeriesId series, uint256 refundableFrom);
    /// @notice The round named is there: the series can be decided and is not refunded.
    /// @dev Call `decide`, or name a round that is really missing.
    error SettlementRoundAvailable(SeriesId series, uint256 round);
    /// @notice Too little gas was sent to be sure that the data are missing.
    /// @dev Send more gas.
    error SettlementGasTooLow(uint256 left);

    /// @notice The index of `series` as it stands in its feed, and the share of the sum insured it pays.
    /// @dev Reverts as `decide` would.
    function preview(SeriesId series) external view returns (int256 index, uint256 payoutBps);

    /// @notice Computes the index from the feed's rounds and reserves the loss.
    function decide(SeriesId series) external returns (uint256 payoutBps);

    /// @notice Pays (or refunds) up to `max` policies of a decided series, in order.
    /// @return advanced Policies dealt with; 0 when there was nothing left to do.
    function settle(SeriesId series, uint256 max) external returns (uint256 advanced);

    /// @notice `decide` and `settle` in one step, for series without a dispute window.
    function decideAndSettle(SeriesId series, uint256 max) external returns (uint256 payoutBps, uint256 advanced);

    /// @notice Turns an open series whose data did not come in time into premium refunds.
    /// @param missingRound A round of the window that is missing, late or observed outside the window. Not asked for
    /// once `LAST_RESORT` has passed since the grace period: money is never stuck.
    function refund(SeriesId series, uint32 missingRound) external;
}
