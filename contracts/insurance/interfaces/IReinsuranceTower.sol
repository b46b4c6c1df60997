// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IUnderwritingPool, SeriesAccount, SeriesId} from "./IUnderwritingPool.sol";

/// @notice A pool that carries part of another pool's risk, in one slot.
/// @dev It pays `shareBps` of every series' loss between `fromBps` and `toBps` of the sums insured, and gets `premiumBps` of
/// the premium. Quota share: from 0 to 10,000 with the ceded share. Excess of loss: the slice above the attachment, with the
/// whole share. A senior tranche is the excess of loss above the junior tranche, which is the pool behind which it stands.
///
///     | 32 free | 16 premiumBps | 16 toBps | 16 fromBps | 16 shareBps | 160 pool |
struct Layer {
    IUnderwritingPool pool;
    uint16 shareBps;
    uint16 fromBps;
    uint16 toBps;
    uint16 premiumBps;
}

/// @title IReinsuranceTower
/// @notice Keeps who carries which slice of a pool's losses for which share of its premium, and moves both.
/// @dev Holds no money between calls. A layer is an `UnderwritingPool` whose book is this tower and whose settlement is the
/// pool it stands behind (the cedent), so its capital can go nowhere else. Layers have no layers of their own.
interface IReinsuranceTower {
    /// @notice The layers behind a pool changed.
    event LayersChanged(address indexed cedent, Layer[] layers);

    /// @notice A layer took its part of a sale, and of its premium.
    event RiskCeded(
        address indexed cedent,
        SeriesId indexed series,
        uint256 indexed layer,
        uint64 exposureUnits,
        uint64 premiumUnits
    );

    /// @notice The layers overlap beyond the whole, are more than four, or do not stand behind this pool.
    /// @dev Deploy each layer with this tower as book and the cedent as settlement, in the same asset; check the shares.
    error TowerLayerInvalid(uint256 layer);
    /// @notice Layers change only while the pool has no open series.
    /// @dev Wait until the open series are decided.
    error TowerInUse(uint256 openSeries);

    /// @notice The layers behind `cedent`, in order.
    function layersOf(address cedent) external view returns (Layer[] memory layers);

    /// @notice What the layers carry of a sale that brings the series to `exposureUnits`, and their part of its premium.
    function share(
        address cedent,
        SeriesId series,
        uint64 exposureUnits,
        uint64 premiumUnits
    ) external view returns (uint64 cededUnits, uint64 cededPremiumUnits);

    /// @notice A pool's call: its layers carry a new series.
    function accept(SeriesId series, uint40 start, uint40 end, uint40 settleBy) external;

    /// @notice A pool's call: hands the layers their part of a sale, and of the premium, which is pulled from the caller.
    function cede(SeriesId series, uint64 exposureUnits, uint64 premiumUnits) external;

    /// @notice A pool's call: takes back the layers' part of a cancelled policy and of its refund.
    /// @param exposureUnits What the series insures without the policy.
    /// @return freedUnits What the layers no longer carry.
    /// @return premiumUnits_ What they had got of the premium.
    /// @return refunded What they paid back, in base units.
    function release(
        SeriesId series,
        uint64 exposureUnits,
        uint64 premiumUnits,
        uint64 refundUnits
    ) external returns (uint64 freedUnits, uint64 premiumUnits_, uint256 refunded);

    /// @notice A pool's call: collects the layers' part of a decided series, before the pool's own capital bears the rest.
    /// @param account The series as the pool keeps it.
    /// @param refunding True when it is premiums that go back.
    /// @return drawnUnits What the layers paid.
    /// @return cededUnits What they were carrying.
    function draw(
        SeriesId series,
        SeriesAccount calldata account,
        uint256 payoutBps,
        uint64 lossUnits,
        bool refunding
    ) external returns (uint64 drawnUnits, uint64 cededUnits);

    /// @notice Sets the layers behind `cedent`; only while it has no open series.
    function setLayers(address cedent, Layer[] calldata layers) external;
}
