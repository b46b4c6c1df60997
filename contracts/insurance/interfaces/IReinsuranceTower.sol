// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Cover} from "../libraries/Covers.sol";
import {Decision} from "../libraries/Decisions.sol";
import {IUnderwritingPool, SeriesId} from "./IUnderwritingPool.sol";

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
/// @dev Holds no money between calls. A layer is an `UnderwritingPool` whose book is this tower and whose cedent is the pool
/// it stands behind, so its capital can go nowhere else. Layers have no layers of their own.
interface IReinsuranceTower {
    /// @notice The layers behind a pool changed.
    event LayersChanged(address indexed cedent, Layer[] layers);

    /// @notice A layer took its part of a sale, and of its premium.
    event RiskCeded(
        address indexed cedent,
        SeriesId indexed series,
        uint256 indexed layer,
        uint256 exposureUnits,
        uint256 premiumUnits
    );

    /// @notice The layers overlap beyond the whole, are more than four, or do not stand behind this pool.
    /// @dev Deploy each layer with this tower as book and this cedent, in the same asset; check the shares.
    error TowerLayerInvalid(uint256 layer);
    /// @notice Layers change only while the pool has no open series.
    /// @dev Wait until the open series are decided.
    error TowerInUse(uint256 openSeries);

    /// @notice What each layer of `cedent` carries of a series, in units.
    function carriedOf(
        address cedent,
        SeriesId series
    ) external view returns (uint64[] memory exposureUnits, uint64[] memory premiumUnits);

    /// @notice The layers behind `cedent`, in order.
    function layersOf(address cedent) external view returns (Layer[] memory layers);

    /// @notice What the layers carry of a sale, and their part of its premium, in units.
    function share(
        address cedent,
        SeriesId series,
        Cover cover
    ) external view returns (uint256 cededUnits, uint256 cededPremiumUnits);

    /// @notice A pool's call: its layers carry a new series.
    function accept(SeriesId series, uint40 start, uint40 end, uint40 settleBy) external;

    /// @notice A pool's call: hands the layers their part of a sale, and of the premium, which is pulled from the caller.
    function cede(SeriesId series, Cover cover) external;

    /// @notice A pool's call: takes back the layers' part of a cancelled policy, and of its refund.
    /// @return freedUnits What the layers no longer carry.
    /// @return premiumUnits What they had got of the premium.
    /// @return refunded What they paid back to the pool, in base units.
    function release(
        SeriesId series,
        Cover cover,
        uint256 refundUnits
    ) external returns (uint256 freedUnits, uint256 premiumUnits, uint256 refunded);

    /// @notice A pool's call: collects the layers' part of a decided series, before the pool's own capital bears the rest.
    /// @return drawnUnits What the layers paid.
    /// @return cededUnits What they were carrying.
    function draw(SeriesId series, Decision decision) external returns (uint256 drawnUnits, uint256 cededUnits);

    /// @notice Sets the layers behind `cedent`; only while it has no open series.
    function setLayers(address cedent, Layer[] calldata layers) external;
}
