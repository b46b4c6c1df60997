// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {StepLanes} from "../energy/libraries/StepLanes.sol";
import {Cell, Link, SlotOutcome, UniformPrice, Zone} from "../energy/libraries/UniformPrice.sol";

/// @title UniformPriceHarness
/// @notice Runs the clearing core on many random books a call, through the assembly loops and through their plain twins.
contract UniformPriceHarness {
    /// @notice Verifies every book of `books` and returns a digest of all fills, outcomes and intervals.
    /// @dev A book is: orders 2 bytes ‖ one price a zone, 4 bytes each ‖ per order: zone 1 byte ‖ step 6 bytes.
    function digest(
        bytes calldata books,
        Link[] calldata links_,
        uint256 share,
        bool plain
    ) external pure returns (bytes32 hash, uint256 count) {
        Link[] memory links = links_;
        Zone[] memory zones = new Zone[](links.length);
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        for (uint256 begin = 0; begin < books.length; ++count) {
            uint256 orders = uint16(bytes2(books[begin:begin + 2]));
            uint256 end = begin + 2 + 4 * links.length + 7 * orders;
            hash = keccak256(abi.encodePacked(hash, _book(books[begin + 2:end], links, zones, share, plain)));
            begin = end;
            // The books share their memory: expansion would grow with the square of their number.
            assembly ("memory-safe") {
                mstore(0x40, free)
            }
        }
    }

    /// @notice Verifies one book and returns its fills; reverts as the core does.
    function one(
        bytes calldata book,
        Link[] calldata links_,
        uint256 share
    ) external pure returns (bytes memory result) {
        Link[] memory links = links_;
        return _book(book[2:], links, new Zone[](links.length), share, false);
    }

    /// @notice `UniformPrice.ration` itself.
    function ration(uint256 run, uint256 width, uint256 given, uint256 total) external pure returns (uint256) {
        return UniformPrice.ration(run, width, given, total);
    }

    function _book(
        bytes calldata book,
        Link[] memory links,
        Zone[] memory zones,
        uint256 share,
        bool plain
    ) private pure returns (bytes memory result) {
        Cell[] memory cells = new Cell[](links.length);
        for (uint256 z = 0; z < links.length; ++z) {
            UniformPrice.openCell(cells[z], int32(uint32(bytes4(book[4 * z:4 * z + 4]))));
        }
        book = book[4 * links.length:];
        uint256 orders = book.length / 7;
        uint256 lanes = StepLanes.open(cells, 1);
        for (uint256 i = 0; i < orders; ++i) _add(cells, lanes, book[7 * i:7 * i + 7], plain);
        StepLanes.gather(cells, 1, lanes);
        (uint256 volume, bool pinned) = UniformPrice.solve(cells, 1, 0, links, zones);
        if (!pinned) for (uint256 i = 0; i < orders; ++i) _bound(cells, book[7 * i:7 * i + 7]);
        if (volume != 0) UniformPrice.checkRule(cells, 1, 0, links, zones, share);
        result = new bytes(orders * 4 + 32);
        for (uint256 i = 0; i < orders; ++i) _take(cells, lanes, book[7 * i:7 * i + 7], plain, result, 32 + 4 * i);
        assembly ("memory-safe") {
            mstore(result, mul(orders, 4))
        }
        for (uint256 z = 0; z < links.length; ++z) {
            SlotOutcome outcome = UniformPrice.outcome(cells[z], zones[z]);
            result = abi.encodePacked(result, uint8(outcome), int64(zones[z].flow));
            if (outcome != SlotOutcome.NoTrade)
                result = abi.encodePacked(result, int32(zones[z].floor), int32(zones[z].ceiling));
        }
    }

    function _add(Cell[] memory cells, uint256 lanes, bytes calldata order, bool plain) private pure {
        uint256 zone = uint8(order[0]);
        if (!plain) {
            StepLanes.tally(lanes + zone * StepLanes.GROUP_BYTES, 1, _pointer(order));
        } else {
            (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(_pointer(order));
            UniformPrice.add(cells[zone], isOffer, tick, energyWh);
        }
    }

    function _bound(Cell[] memory cells, bytes calldata order) private pure {
        (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(_pointer(order));
        UniformPrice.bound(cells[uint8(order[0])], isOffer, tick, energyWh);
    }

    function _take(
        Cell[] memory cells,
        uint256 lanes,
        bytes calldata order,
        bool plain,
        bytes memory result,
        uint256 offset
    ) private pure {
        uint256 zone = uint8(order[0]);
        uint256 out;
        assembly ("memory-safe") {
            out := add(result, offset)
        }
        if (!plain) {
            StepLanes.fill(cells, zone, lanes + zone * StepLanes.GROUP_BYTES, 1, _pointer(order), out);
            return;
        }
        (bool isOffer, int256 tick, uint256 energyWh) = StepLanes.stepAt(_pointer(order));
        int256 position = int256(UniformPrice.take(cells[zone], isOffer, tick, energyWh));
        if (!isOffer) position = -position;
        assembly ("memory-safe") {
            mstore(out, shl(224, position))
        }
    }

    function _pointer(bytes calldata order) private pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := add(order.offset, 1)
        }
    }
}
